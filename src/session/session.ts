import { ending, extension } from '../core/changes.js'
import { activeWarning, deadlines, firstWarningAt } from '../core/deadlines.js'
import type { Channel, OnMessage, Ports } from '../ports/types.js'
import type { Session, SessionEvents, SessionOptions, TokenServer, TokenSession, TokenStore } from '../types.js'
import { checkArgument, checkFunction } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'
import { createEmitter } from '../util/emitter.js'
import { closest } from '../util/hints.js'
import { createActiveSession } from './active-session.js'
import { createActivity } from './activity.js'
import { contextMember, type SessionContext } from './context.js'
import { createContext } from './create-context.js'
import { createDegraded } from './degraded.js'
import { followPage } from './follow-page.js'
import { createLoop, type Loop } from './loop.js'
import { checkWindow, parseOptions, warnOfOptions, warnOfShortWarning } from './options.js'
import type { Parts } from './parts.js'
import { pluginsOf, type PluginHooks } from './plugin.js'
import { createRecordSync } from './record-sync.js'
import { createSignIn } from './sign-in.js'

const noop = (): void => undefined

const EVENTS: Readonly<Record<keyof SessionEvents, true>> = {
  signedIn: true,
  warning: true,
  extended: true,
  signedOut: true,
  switched: true,
  refreshed: true,
  refreshFailed: true,
  degraded: true,
}

/** An event with a colon is one of the library's own. */
function checkListener(type: unknown, listener: unknown): void {
  const names = Object.keys(EVENTS)
  const isEvent = typeof type === 'string' && (names.includes(type) || type.includes(':'))
  const meant = typeof type === 'string' && !isEvent ? closest(type, names) : undefined
  const others = `one of ${names.join(', ')}`
  checkArgument(isEvent, 'on: the event', type, meant === undefined ? others : `${meant}, or another ${others}`)
  checkFunction('on: the listener', listener, 'takes the event')
}

/**
 * A session on a world of your own: `createSession` gives it the browser's. Throws as that does.
 *
 * @example A second session object in the same tab, as under React's StrictMode
 * ```ts
 * const tab = createWorld().tab()
 * const second = createSessionWith(tab.ports, { idleTimeout: '15m' })
 * ```
 */
export function createSessionWith(
  ports: Ports,
  options: SessionOptions & ({ server: TokenServer } | { tokenStore: TokenStore }),
): TokenSession
export function createSessionWith(ports: Ports, options?: SessionOptions): Session
export function createSessionWith(ports: Ports, options: SessionOptions = {}): Session {
  const parsed = parseOptions(options)
  const { config, key, server, tokenStore } = parsed
  const destroyed = new AbortController()
  const emitter = createEmitter(ports.report)
  const { degraded, reported } = createDegraded(emitter)
  const hooks: PluginHooks[] = []

  const activity = createActivity(ports, config, (cause) => {
    loop.step(cause)
  })
  let channel: Channel | undefined
  const post: Channel['post'] = (message) => {
    channel?.post(message)
  }
  const onMessage: OnMessage = (cause, message) => {
    loop.step(cause, { received: message && sync.receive(message) })
    // `{}` is a query: this tab replies with its record.
    if (message && !loop.isPrerendered() && !Object.keys(message).length) sync.reply()
  }
  const sync = createRecordSync(ports.openRecordStore(key), post, ports.wallNow, config.sharesTokens, () => {
    degraded('storage', DEVELOPMENT && 'Tabs talk by channel alone, and a reload signs out.')
  })
  const parts: Parts = {
    ...parsed,
    ...{ ports, post, sync, activity, emitter, hooks, degraded },
    active: createActiveSession(hooks),
    destroyed: destroyed.signal,
  }
  const loop = createLoop(parts)
  const context = createContext(parts, loop)
  // Tokens first: what a crash has left of them is revoked before a sign-out is sent. A wrapper's own plugins are missing from
  // what `forSession` returns. Hooks have no prototype, to which a page may have added `extend`.
  for (const plugin of pluginsOf(tokenStore, server, options.tokenStore, options.server))
    hooks.push(Object.assign(Object.create(null) as PluginHooks, plugin(context)))

  let stopFollowing = noop
  if (ports.hasPage) {
    if (DEVELOPMENT) {
      warnOfOptions(options)
      warnOfShortWarning(ports, config)
    }
    channel = ports.openChannel(key, onMessage)
    if (!channel.works) degraded('channel', DEVELOPMENT && 'Tabs hear of each other by storage alone.')
    stopFollowing = followPage(parts, loop, channel.works)
    // Not while other tabs are queried, and not where only they could know.
    void loop.ready.then(async () => {
      if (loop.isClosed() || !sync.isAvailable()) return
      const isLive = !!loop.liveRecord()
      for (const hook of hooks) await hook.started?.(isLive).catch(noop)
    })
  }
  const session: Session = {
    ...createMethods(context, loop, parts),
    on(type, listener) {
      if (DEVELOPMENT) checkListener(type, listener)
      // A closed session registers no listener: on a server it would never be called and never removed.
      return loop.isClosed() ? noop : emitter.add(type, listener, type === 'degraded' ? reported() : [])
    },
    destroy() {
      loop.close()
      destroyed.abort()
      stopFollowing()
      channel?.close()
      emitter.clear()
    },
  }
  return Object.assign(session, contextMember(context), ...hooks.map(({ methods }) => methods)) as Session
}

/** The methods of a session that are not about its parts. */
function createMethods(
  context: SessionContext,
  loop: Loop,
  { ports, config, activity, active, emitter, hooks }: Parts,
): Omit<Session, 'on' | 'destroy'> {
  const { step, snapshot, liveRecord, isClosed, now } = loop
  const { signIn, cancel } = createSignIn(context, hooks)
  const early = (): Promise<unknown> | null => context.opening() ?? context.loading()
  return {
    ready: loop.ready,
    signIn,
    getSnapshot: snapshot,
    subscribe(listener) {
      if (DEVELOPMENT) checkFunction('subscribe: the listener', listener, 'renders the snapshot')
      return isClosed() ? noop : emitter.add('change', listener)
    },
    inspect(listener) {
      // chai, and with it Vitest, prints an object that has an `inspect` by calling that with a number: nobody listens then.
      if (DEVELOPMENT && typeof (listener as unknown) === 'number') return noop
      if (DEVELOPMENT) checkFunction('inspect: the listener', listener, 'takes a step')
      return isClosed() ? noop : emitter.add('step', listener)
    },
    async signOut() {
      cancel()
      // In the order of a sign-in: that of a later call must not begin first, and be ended by this one.
      const loading = context.loading()
      if (loading) await loading
      const opening = loop.opening()
      if (opening) await opening
      // Not silently: the caller takes the user for signed out.
      if (isClosed() && ports.hasPage) ports.report(context.signedOutError())
      step('signOut', { change: ending('signOut') })
      await active.cleanup()
    },
    async extend() {
      const waiting = early()
      if (waiting) await waiting
      step('look')
      const record = liveRecord()
      if (isClosed() || !record) return false
      const [first] = deadlines(record, config)
      const { by } = activeWarning(record, config, now()) ?? first
      if (by !== 'idle' || first.at === Infinity) return false
      const extend = hooks.find((hook) => hook.extend)?.extend
      if (extend) return extend(extension)
      step('extend', { change: extension })
      return !!liveRecord()
    },
    touch() {
      if (!isClosed() && !loop.isPrerendered()) activity.onInput()
    },
    hold() {
      const release = activity.hold()
      step('hold')
      return release
    },
    watch(view) {
      checkWindow(view)
      const undo = activity.add(view)
      step('watch')
      return undo
    },
    async verify() {
      await early()
      try {
        const { id } = context.requireLive()
        const verify = hooks.find((hook) => hook.verify)?.verify
        await verify?.(id)
        context.requireLive(id)
        return true
      } catch {
        return false
      }
    },
    check() {
      step('check')
      return snapshot()
    },
    deadlines() {
      const record = liveRecord()
      if (!record) return null
      const all = deadlines(record, config)
      const [{ at, by }] = all
      if (now() >= at) return null
      return { warnAt: firstWarningAt(all) - record.skew, endAt: at - record.skew, endsBy: at < Infinity ? by : null }
    },
  }
}
