import { createAuthorize } from '../servers/credentials.js'
import { createBoard } from './record-sync.js'
import { isLive, merge, type SharedRecord } from '../core/record.js'
import {
  adopt,
  begin,
  ending,
  endSent,
  extension,
  reduce,
  settle,
  shortening,
  unlessAhead,
  type Change,
  type State,
} from '../core/changes.js'
import {
  ends,
  nextWake,
  policyFor,
  refreshAheadAt,
  sharedNow,
  warnAtOf,
  warnedOf,
  type Clock,
} from '../core/deadlines.js'
import { milliseconds } from '../util/duration.js'
import { failed } from '../errors.js'
import type { Host } from './context.js'
import { abortable } from '../util/async.js'
import { createListeners, type Listeners } from '../util/emitter.js'
import { checkWindow, policyOf, storeOf } from './options.js'
import { isSamePicture, noticesOf, pictureOf } from '../core/snapshot.js'
import type { Heard, Ports, Undo } from '../ports/types.js'
import { createPresence } from './activity.js'
import { createReach } from './network.js'
import { createServerView } from '../servers/keep-alive.js'
import { createSignIn } from '../tokens/sign-in.js'
import { createSignOut } from '../tokens/cleanup.js'
import { createKeeper } from '../tokens/token-cache.js'
import { memoryTokens } from '../tokens/stores/memory.js'
import { createRefresh } from '../tokens/refresh.js'
import { leaseLength, SPREADING } from '../util/timing.js'
import type { Session, SessionEvents, SessionOptions, Snapshot } from '../types.js'

/** How long other tabs are given to answer where storage cannot. */
const ASKING = 300
const SWEEP_WAIT = 15e3
/** Signs that time may have passed, but not that somebody comes back. */
const LEAVING = ['hidden', 'blur']
/** How long what one tab removes from web storage takes to be gone in the others. */
const TURN = 100
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
export function createSessionWith(ports: Ports, options: SessionOptions = {}): Session {
  const policy = policyOf(options)
  const { name = 'session' } = options
  const server = options.server?.forSession?.(name) ?? options.server
  const tokenStore = storeOf(name, options.tokenStore ?? memoryTokens())
  const key = `sojourn:${name}:1`

  let state: State = { record: null, anchor: { shared: 0, mono: 0 } }
  /** What the next step begins with: in a prerendered page what was read, which it may settle otherwise when it is opened. */
  let basis = state
  let snapshot: Snapshot = { phase: 'loading' }
  let closed = !ports.alive
  /**
   * A page that the browser renders before anybody has opened it. Until then the session only reads: nothing is activity, and
   * nothing is written, said or asked. https://developer.chrome.com/docs/web-platform/prerender-pages
   */
  let prerendered = !closed && ports.prerendering()
  let known: (snapshot: Snapshot) => void = noop
  const ready = new Promise<Snapshot>((resolve) => {
    known = resolve
  })
  let open: () => void = noop
  const opened = new Promise<void>((resolve) => {
    open = resolve
  }).then(() => ready)
  /** The session that this tab acts for, and what it does for it; empty while none lives. */
  let actsFor = ''
  let acting = new AbortController()
  let lasting = new AbortController()
  /** Whether a step of what was on its way at `destroy()` runs now. */
  let isLate = false
  const ofTab = new AbortController()
  let wiping = Promise.resolve()
  /** By the monotonic clock: the other may be set meanwhile. */
  let askingUntil = 0
  let leftAs = ''
  let cancelTimer: Undo = noop
  let stopWaking: Undo = noop

  /** Whoever waits hears of `destroy()` at once, though what was on its way goes on. */
  const whileOpen = <T>(work: Promise<T>): Promise<T> => abortable(work, ofTab.signal, over)

  const listeners = createListeners(ports.report)
  /** Keeps nobody who would hear nothing: on a server each rendered page listens, and most never say that they are done. */
  const listen: Listeners['add'] = (...what) => (closed ? noop : listeners.add(...what))
  const missing = new Map<string, SessionEvents['degraded']>()
  /** Told once, a moment later: never in the middle of a step. Who listens too late is told by `on`. */
  const degraded = (feature: SessionEvents['degraded']['feature'], consequence: string): void => {
    const event = { feature, consequence }
    void Promise.resolve().then(() => {
      if (missing.has(feature)) return
      missing.set(feature, event)
      listeners.tell('degraded', event)
      listeners.drain()
    })
  }

  const wait = (ms: number): Promise<void> => new Promise((resolve) => ports.after(ms, resolve))
  const current = (): SharedRecord | null => (isLive(state.record) ? state.record : null)
  const now = (): number => sharedNow(state.record, ports.clock())
  const loading = (): Promise<unknown> | null => (snapshot.phase === 'loading' ? ready : null)
  const opening = (): Promise<unknown> | null => (prerendered ? opened : null)
  const early = (): Promise<unknown> | null => opening() ?? loading()
  /** Why nothing can be done now. */
  const over = (): Error =>
    failed(
      'signed_out',
      !ports.alive
        ? NO_DOCUMENT
        : closed
          ? 'destroy() was called on this session object. Create another.'
          : snapshot.phase !== 'signedOut'
            ? 'Another session has begun meanwhile.'
            : snapshot.reason
              ? `The session has ended (${snapshot.reason}). Sign in again.`
              : 'Nobody is signed in. Sign in first.',
    )
  const lateStep: typeof step = (...what) => {
    isLate = true
    step(...what)
  }
  const host: Host = {
    current,
    lastEnded: () => (closed || current() ? null : state.record),
    now,
    isClosed: () => closed,
    live(id, cause = 'look') {
      step(cause)
      const record = current()
      if (!closed && record && (!id || id === record.id)) return record
      throw over()
    },
    knows(login) {
      if (closed) throw over()
      step('look')
      return !!login && state.record?.login === login
    },
    loading,
    opening,
    latest(id) {
      lateStep('look')
      const record = current()
      if (record?.id === id) return record
      throw over()
    },
    signal: () => acting.signal,
    ended: () => lasting.signal,
    step(cause, id, change, quiet) {
      lateStep(cause, (record, at) => record.id === id && change(record, at), quiet)
    },
    look() {
      step('look')
    },
    ask() {
      tabs.say({})
    },
    begin(record) {
      lateStep('signIn', null, true, null, (was, clock) => begin(was, record, clock))
    },
    endSent(id) {
      step('server', null, false, null, (was, clock) => endSent(was, id, clock))
    },
    wipe: (id, given) => wipe(id, current() ? 'replaced' : state.record?.reason, false, given),
    reach: createReach(ports, policy),
    tell: listeners.tell,
    degraded,
    async exclusive(wait, work) {
      // The browser makes a prerendered page wait for its lock anyway: our own limit is to begin when it can be had.
      if (prerendered) await opened
      return ports
        .exclusive(
          wait ? key : `${key}:server`,
          { wait, hold: leaseLength(policy.requestTimeout), signal: ofTab.signal },
          work,
          () => {
            degraded('locks', 'Two tabs may now and then refresh at once.')
          },
        )
        .finally(listeners.drain)
    },
  }
  const keeper = createKeeper(tokenStore, ports.after, () => {
    degraded('tokenStore', 'Tokens stay in the memory of this tab.')
  })
  const refresh = createRefresh(host, keeper, server, ports, policy)
  const serverView = createServerView(host, server, ports, policy)
  const signingOut = createSignOut(host, keeper, server, ports)
  const { wipe, sweep, payDebt } = signingOut
  const { signIn, setTokens, cancel } = createSignIn(host, refresh, signingOut, ports)
  const authorize = createAuthorize(host, refresh, server)
  const presence = createPresence(ports, policy, (cause) => {
    step(cause)
  })
  const onHeard: Heard = (cause, message) => {
    step(cause, null, false, message && board.hear(message))
    // An empty message asks.
    if (message && !prerendered && !Object.keys(message).length) board.answer()
  }
  const tabs = closed ? { works: true, say: noop, close: noop } : ports.tabs(key, onHeard)
  const board = createBoard(ports.records(key), tabs, ports.wall, tokenStore.shared, () => {
    degraded('storage', 'Tabs talk by channel alone, and a reload signs out.')
  })

  let saidOf = ''
  /** Two pages with different options are a mistake mostly: the developer of the shorter one hears of it, once for each session. */
  const compareLimits = ({ id, idleTimeout, absoluteTimeout }: SharedRecord): void => {
    const isShorter = policy.idleTimeout < idleTimeout || policy.absoluteTimeout < absoluteTimeout
    if (isShorter && id !== saidOf)
      ports.warn(
        `sojourn: this page has idleTimeout ${policy.idleTimeout} and absoluteTimeout ${policy.absoluteTimeout}, the page that signed in has ${idleTimeout} and ${absoluteTimeout} (ms). The shorter count in all tabs: give all pages the same options.`,
      )
    if (isShorter) saidOf = id
  }

  /** Everything that happens goes through here: take in what others did, settle, let it happen, make the world agree. */
  function step(
    cause: string,
    change: Change | null = null,
    quiet = false,
    heard: SharedRecord | null = null,
    replace: ((state: State, clock: Clock) => State) | null = null,
  ): void {
    if (closed && !isLate) return
    isLate = false
    const clock = ports.clock()
    const before = state.record
    const was = snapshot
    const found = board.read()
    const last = basis.record
    // What slept while storage was emptied and filled again does not displace what it finds there, if that lives.
    const isOver =
      !!last && isLive(found) && board.isReplaced(last.id) && !isLive(settle(last, policy, sharedNow(last, clock)))
    const mine = isOver ? null : unlessAhead(last, found, clock)
    const others = merge(found, unlessAhead(heard, found, clock))
    // What began here since the clock was set back is not displaced by what a tab says that counted on before.
    const taken = adopt({ ...basis, record: mine }, unlessAhead(others, mine, clock, true), clock)
    const at = sharedNow(taken.record, clock)
    if (isLive(taken.record)) compareLimits(taken.record)
    state = taken
    const wiped = taken.record && board.isWiped(taken.record.id) ? ending('wiped') : null
    // What happened before the deadline comes before it, however late it is said. The last one settles, even if nothing happens.
    const { idleTimeout } = policyFor(taken.record, policy)
    const overdue = prerendered || closed ? [] : presence.overdue({ shared: at, mono: clock.mono }, idleTimeout)
    for (const [when, one] of overdue) state = reduce(state, one, clock, policy, when)
    for (const one of prerendered ? [wiped] : [wiped, change]) state = reduce(state, one, clock, policy)
    if (replace) state = replace(state, clock)
    // What the options of this tab shorten all tabs have to know, or only this one would warn.
    state = reduce(state, shortening(policy), clock, policy)
    const { record } = state
    basis = prerendered ? taken : state
    if (!prerendered) board.post(record, cause)
    if (closed) return

    // Timers may ring a moment early.
    if (record || clock.mono > askingUntil - 1) {
      askingUntil = 0
      const picture = pictureOf(record, policy, sharedNow(record, clock))
      if (!isSamePicture(was, picture)) {
        snapshot = picture
        listeners.tell('change')
        known(picture)
      }
      // What a page finds when it is opened is no news.
      if (was.phase !== 'loading' || replace) {
        const notices = noticesOf(before, record, was, pictureOf(taken.record, policy, at), picture, cause, policy)
        for (const [type, event] of notices) listeners.tell(type, event)
      }
    }
    listeners.tell('step', { cause, at: clock.wall, before: was, after: snapshot, record })
    if (isLive(taken.record)) actsFor ||= taken.record.id
    reconcile(isLive(taken.record), clock)
    if (!quiet) listeners.drain()
  }

  /** Level-triggered: looks at the state, and makes the world agree with it. `lived`: nobody else ended the session. */
  function reconcile(lived: boolean, clock: Clock): void {
    const record = current()
    const id = record?.id ?? ''
    if (id !== actsFor && !prerendered) {
      acting.abort()
      lasting.abort()
      acting = new AbortController()
      lasting = new AbortController()
      // A session by cookie has no tokens to revoke: it is ended by the tab that ended it.
      if (actsFor) {
        const [over, reason] = [actsFor, record ? 'replaced' : state.record?.reason]
        const alone = lived && !state.record?.generation
        // Web storage knows no transactions: who only heard of the end lets the tab that made it take the tokens out.
        wiping = lived || !tokenStore.shared ? wipe(over, reason, alone) : wait(TURN).then(() => wipe(over, reason))
      }
      actsFor = id
      // Input that is flagged was for the session before.
      presence.watch(false)
    }
    presence.watch(!!record && !prerendered)
    // By the step's own clock: what falls due while the step takes its time is neither settled by it nor forgotten.
    const at = sharedNow(state.record, clock)
    if (record) {
      if (refreshAheadAt(record, policy) <= at) refresh.ahead(record)
      serverView.look(record)
    }
    cancelTimer()
    const instants = [
      nextWake(record, policy, at),
      at + askingUntil - clock.mono,
      record ? serverView.wakeAt(record) : 0,
      ...presence.instants(),
    ]
    const wakeAt = Math.min(...instants.filter((instant) => instant > at))
    if (wakeAt < Infinity)
      cancelTimer = ports.after(Math.max(0, wakeAt - now()), () => {
        step('timer')
      })
  }

  function start(): void {
    const half = Math.min(policy.idleTimeout, policy.absoluteTimeout) / 2
    const notice = Math.min(policy.warnBefore, half)
    if (notice < 2e4 && half < Infinity)
      ports.warn(
        `sojourn: ${notice} ms of warning (warnBefore, or half of the timeout), people need 20 s (WCAG 2.2.1).`,
      )
    if (!tabs.works) degraded('channel', 'Tabs hear of each other by storage alone.')
    board.read()
    if (!board.works() && tabs.works) {
      askingUntil = prerendered ? Infinity : ports.clock().mono + ASKING
      if (!prerendered) tabs.say({})
    }
    stopWaking = ports.wake((cause, restored) => {
      if (cause === 'pagehide') {
        leftAs = actsFor
        return
      }
      // A page that is opened after it was rendered may be as stale as one that comes back.
      if (prerendered && !ports.prerendering()) {
        prerendered = false
        restored = true
        leftAs = actsFor
        if (askingUntil) askingUntil = ports.clock().mono + ASKING
      }
      if (restored || cause === 'resume') presence.thawed()
      if (!LEAVING.includes(cause)) serverView.back()
      step(cause)
      if (restored) open()
      // In the same task, before anything is painted.
      if (restored && leftAs && leftAs !== actsFor && policy.reloadsStalePage) {
        ports.page.hide()
        ports.page.reload()
      }
      // What was said while it was away is lost on it, and cannot be read anywhere.
      if (restored && !board.works()) tabs.say({})
      if (cause !== 'online') return
      refresh.online()
      void payDebt()
    })
    step('start')
    // Not while other tabs are still asked, and not where they alone could know.
    void ready.then(() => {
      if (closed || !board.works()) return
      const tidied = current() ? refresh.findLost() : host.exclusive(SWEEP_WAIT, sweep).then(() => payDebt(SPREADING))
      tidied.catch(noop)
    })
  }

  const session: Session = {
    ready,
    signIn,
    async setTokens(tokens) {
      await ready
      await setTokens(tokens)
    },
    getSnapshot: () => snapshot,
    subscribe: (listener) => listen('change', listener),
    on(type, listener) {
      if (type === 'degraded')
        for (const event of missing.values())
          Promise.resolve(event as never)
            .then(listener)
            .catch(ports.report)
      return listen(type, listener)
    },
    inspect: (listener) => listen('step', listener),
    async signOut() {
      cancel()
      const waiting = early()
      if (waiting) await waiting
      // Not silently: whoever called it takes the user for signed out.
      if (closed && ports.alive) ports.report(over())
      step('signOut', ending('signOut'))
      await wiping
    },
    async extend() {
      const waiting = early()
      if (waiting) await waiting
      step('look')
      const record = current()
      const canExtend = record && (warnedOf(record, policy, now()) ?? ends(record, policy)[0]).by === 'idle'
      if (closed || !canExtend || ends(record, policy)[0].at === Infinity) return false
      if (policy.canTell) return serverView.tell(extension)
      step('extend', extension)
      return !!current()
    },
    touch() {
      if (!closed && !prerendered) presence.seen()
    },
    hold() {
      const release = presence.hold()
      step('hold')
      return release
    },
    watch(view) {
      checkWindow(view)
      if (closed) return noop
      const undo = presence.add(view)
      step('watch')
      return undo
    },
    check() {
      step('check')
      return snapshot
    },
    deadlines() {
      const record = current()
      if (!record) return null
      const all = ends(record, policy)
      const [{ at, by }] = all
      if (now() >= at) return null
      return { warnAt: warnAtOf(all) - record.skew, endAt: at - record.skew, endsBy: at < Infinity ? by : null }
    },
    async getAccessToken({ minValidity = 0, forceRefresh, signal } = {}) {
      const left = milliseconds(minValidity, 'minValidity')
      await abortable(ready, signal)
      const { tokens } = await abortable(whileOpen(refresh.use(left, forceRefresh)), signal)
      return tokens.access_token
    },
    async authorize(...what) {
      await ready
      const [, previous] = what
      const authorized = whileOpen(authorize(...what))
      return previous ? authorized.catch(() => null) : authorized
    },
    destroy() {
      closed = true
      open()
      ofTab.abort()
      acting.abort()
      presence.watch(false)
      cancelTimer()
      stopWaking()
      tabs.close()
      listeners.clear()
      known(snapshot)
    },
  }
  if (closed) known(snapshot)
  else start()
  return session
}
