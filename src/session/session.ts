import { begin, ending, endSent, extension } from '../core/changes.js'
import { activeWarning, deadlines, firstWarningAt } from '../core/deadlines.js'
import { isLive, type SharedRecord } from '../core/record.js'
import { sessionError } from '../errors.js'
import type { OnMessage, Ports, Undo } from '../ports/types.js'
import type { Session, SessionEvents, SessionOptions, TokenServer, TokenSession, TokenStore } from '../types.js'
import { abortable } from '../util/async.js'
import { createEmitter } from '../util/emitter.js'
import { createActivity } from './activity.js'
import { createDegraded } from './degraded.js'
import type { Cause } from './causes.js'
import { setContext, type SessionContext } from './context.js'
import { createLoop } from './loop.js'
import { checkWindow, parseOptions, warnOfShortWarning } from './options.js'
import { pluginsOf, type PluginHooks } from './plugin.js'
import { createRecordSync } from './record-sync.js'
import { createSignIn } from './sign-in.js'

/** Signs that time may have passed, but not that somebody comes back. */
const LEAVING: readonly Cause[] = ['hidden', 'blur']
const noop = (): void => undefined
export const NO_DOCUMENT =
  'There is no document here (a server or a worker): a session runs in a page. Ask the page for what you need.'

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
  const { config, name, key, server, tokenStore } = parseOptions(options)
  const tabClosed = new AbortController()
  const emitter = createEmitter(ports.report)
  const { degraded, replayDegraded } = createDegraded(emitter, ports)
  const hooks: PluginHooks[] = []

  const activity = createActivity(ports, config, (cause) => {
    step(cause)
  })
  const onMessage: OnMessage = (cause, message) => {
    step(cause, { received: message && sync.receive(message) })
    // `{}` is a query: this tab replies with its record.
    if (message && !loop.isPrerendered() && !Object.keys(message).length) sync.reply()
  }
  const channel = ports.hasPage ? ports.openChannel(key, onMessage) : { works: true, post: noop, close: noop }
  const sync = createRecordSync(ports.openRecordStore(key), channel, ports.wallNow, config.sharesTokens, () => {
    degraded('storage', 'Tabs talk by channel alone, and a reload signs out.')
  })
  const loop = createLoop({ ports, config, sync, activity, emitter, hooks })
  const { step, ready, snapshot, now, isClosed } = loop

  const liveRecord = (): SharedRecord | null => {
    const record = loop.record()
    return isLive(record) ? record : null
  }
  let open: () => void = noop
  const opened = new Promise<void>((resolve) => {
    open = resolve
  }).then(() => ready)
  const opening = (): Promise<unknown> | null => (loop.isPrerendered() ? opened : null)
  const loading = (): Promise<unknown> | null => (snapshot().phase === 'loading' ? ready : null)
  const early = (): Promise<unknown> | null => opening() ?? loading()
  /** Why nothing can be done now. */
  const signedOutError = (): Error => {
    const shown = snapshot()
    const reason = shown.phase === 'signedOut' && shown.reason
    return sessionError(
      'signed_out',
      !ports.hasPage
        ? NO_DOCUMENT
        : isClosed()
          ? 'destroy() was called on this session object. Create another.'
          : shown.phase !== 'signedOut'
            ? 'Another session has begun meanwhile.'
            : reason
              ? `The session has ended (${reason}). Sign in again.`
              : 'Nobody is signed in. Sign in first.',
    )
  }

  const context: SessionContext = {
    ports,
    config,
    name,
    key,
    server,
    tokenStore,
    tokens: () => hooks.find((hook) => hook.tokens)?.tokens,
    ready,
    current: liveRecord,
    lastEnded: () => (isClosed() || liveRecord() ? null : loop.record()),
    endReason: () => (liveRecord() ? 'replaced' : loop.record()?.reason),
    now,
    isClosed,
    live(id, cause = 'look') {
      step(cause)
      const record = liveRecord()
      if (!isClosed() && record && (!id || id === record.id)) return record
      throw signedOutError()
    },
    knows(login) {
      if (isClosed()) throw signedOutError()
      step('look')
      return !!login && loop.record()?.login === login
    },
    loading,
    opening,
    whileOpen: (work) => abortable(work, tabClosed.signal, signedOutError),
    latest(id) {
      step('look', { evenIfClosed: true })
      const record = liveRecord()
      if (record?.id === id) return record
      throw signedOutError()
    },
    signal: () => loop.signal(true),
    ended: () => loop.signal(false),
    destroyed: tabClosed.signal,
    step(cause, id, change, deferEvents) {
      step(cause, {
        change: (record, at) => record.id === id && change(record, at),
        deferEvents,
        evenIfClosed: true,
      })
    },
    look() {
      step('look')
    },
    query() {
      channel.post({})
    },
    begin(known) {
      step('signIn', {
        deferEvents: true,
        replace: (state, clock) => begin(state, known, clock),
        evenIfClosed: true,
      })
    },
    endSent(id) {
      step('server', { replace: (state, clock) => endSent(state, id, clock) })
    },
    enqueue: emitter.enqueue,
    flush: emitter.flush,
    degraded,
  }
  // Tokens first: with them, the others leave the sign-out to them. Without a prototype, to which a page may have added `extend`.
  for (const plugin of pluginsOf(tokenStore, server))
    hooks.push(Object.assign(Object.create(null) as PluginHooks, plugin(context)))
  if (tokenStore && !context.tokens())
    throw sessionError(
      'invalid_options',
      'tokenStore is a store of your own. Give customTokens(store), of sojourn/server.',
    )
  const { signIn, cancel } = createSignIn(context, hooks)

  const stopWaking = ports.hasPage ? start() : noop

  /** Reads the record, shows the phase, and listens from now on. */
  function start(): Undo {
    warnOfShortWarning(ports, config)
    if (!channel.works) degraded('channel', 'Tabs hear of each other by storage alone.')
    sync.read()
    if (!sync.isAvailable() && channel.works) {
      loop.query()
      if (!loop.isPrerendered()) channel.post({})
    }
    let idAtPagehide = ''
    const stop = ports.onWake((hint, isRestored) => {
      const cause = hint as Cause
      if (cause === 'pagehide') {
        idAtPagehide = loop.activeId()
        return
      }
      let isBack = isRestored
      // A page that is opened after it was rendered may be as stale as one that comes back.
      if (loop.isPrerendered() && !ports.prerendering()) {
        isBack = true
        idAtPagehide = loop.activeId()
        loop.open()
      }
      if (isBack || cause === 'resume') activity.thawed()
      if (!LEAVING.includes(cause)) for (const hook of hooks) hook.wake?.(cause)
      step(cause)
      if (isBack) open()
      // In the same task, before anything is painted.
      if (isBack && idAtPagehide && idAtPagehide !== loop.activeId() && config.reloadsStalePage) {
        ports.page.hide()
        ports.page.reload()
      }
      // What was said by channel while the page was away is lost, and stands nowhere else.
      if (isBack && !sync.isAvailable()) channel.post({})
    })
    step('start')
    // Not while other tabs are queried, and not where only they could know.
    void ready.then(() => {
      if (isClosed() || !sync.isAvailable()) return
      for (const hook of hooks) void hook.started?.(!!liveRecord()).catch(noop)
    })
    return stop
  }

  const session: Session = {
    ready,
    signIn,
    getSnapshot: snapshot,
    // A closed session registers no listener: on a server it would never be called and never removed.
    subscribe: (listener) => (isClosed() ? noop : emitter.add('change', listener)),
    on(type, listener) {
      if (type === 'degraded') replayDegraded(listener as (event: SessionEvents['degraded']) => void)
      return isClosed() ? noop : emitter.add(type, listener)
    },
    inspect: (listener) => (isClosed() ? noop : emitter.add('step', listener)),
    async signOut() {
      cancel()
      const waiting = early()
      if (waiting) await waiting
      // Not silently: the caller takes the user for signed out.
      if (isClosed() && ports.hasPage) ports.report(signedOutError())
      step('signOut', { change: ending('signOut') })
      await loop.cleanup()
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
      if (isClosed()) return noop
      const undo = activity.add(view)
      step('watch')
      return undo
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
    destroy() {
      loop.close()
      open()
      tabClosed.abort()
      stopWaking()
      channel.close()
      emitter.clear()
    },
  }
  Object.assign(session, ...hooks.map(({ methods }) => methods))
  setContext(session, context)
  return session
}
