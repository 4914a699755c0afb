import { createAuthorize } from './authorize.js'
import { createBoard } from './board.js'
import { fingerprint } from './core/hash.js'
import { isLive, merge, type SharedRecord } from './core/record.js'
import { adopt, reduce, view, type Happening, type State } from './core/reduce.js'
import { ends, nextWake, proactiveRefreshAt, sharedNow, warnAtOf } from './core/time.js'
import { milliseconds } from './duration.js'
import { SessionError } from './errors.js'
import { within } from './limit.js'
import { createListeners } from './listeners.js'
import { isSamePicture, noticesOf, pictureOf } from './notices.js'
import { policyOf } from './options.js'
import type { Activity, Ports, Undo } from './ports/types.js'
import { createServerView } from './server-view.js'
import { createKeeper } from './tokens/keeper.js'
import { memoryTokens } from './tokens/memory.js'
import { checkTokens, createRefresh, type Host } from './tokens/refresh.js'
import type { EndReason, Session, SessionEvents, SessionOptions, Snapshot, TokenResponse } from './types.js'

/** How long other tabs are given to answer where storage cannot. */
const ASKING = 300
/** How often a frame of another origin is looked at; its activation lasts about 5 s. */
const SAMPLE = 4e3
const SIGN_IN_WAIT = 5e3
const SIGN_OUT_LIMIT = 5e3

/** A session on the given world: `createSession` gives it the browser's. */
export function createSessionWith(ports: Ports, options: SessionOptions = {}): Session {
  const policy = policyOf(options)
  const { name = 'session', server, tokenStore = memoryTokens() } = options
  /** How often continuous input is written down. */
  const flushEvery = Math.min(2e3, policy.idleTimeout / 10)
  const holdEvery = Math.min(6e4, policy.idleTimeout / 4)
  const key = `sojourn:${name}:1`

  const listeners = createListeners(ports.report)
  const missing = new Set<string>()
  const degradations: SessionEvents['degraded'][] = []
  /** Told a moment later: never in the middle of a step, and to those who come too late as well. */
  const degraded = (feature: SessionEvents['degraded']['feature'], consequence: string): void => {
    if (missing.has(feature)) return
    missing.add(feature)
    void Promise.resolve().then(() => {
      degradations.push({ feature, consequence })
      listeners.tell('degraded', { feature, consequence })
      listeners.drain()
    })
  }

  let state: State = { record: null, anchor: { shared: 0, mono: 0 } }
  let snapshot: Snapshot = { phase: 'loading' }
  let closed = !ports.alive
  /** Owns what this tab does for the session that lives now, and all that it does at all. */
  let ofSession = new AbortController()
  const ofTab = new AbortController()
  /** The session that this tab acts for; empty while none lives. */
  let actsFor = ''
  let wiping: Promise<void> = Promise.resolve()
  let askingUntil = 0
  let activity: Activity | null = null
  /** Until when input only raises the flag; 0 while the user is quiet. */
  let flushAt = 0
  let seen = false
  let holds = 0
  let holdAt = 0
  let sampleAt = 0
  let leftAs = ''
  let cancelTimer: Undo = () => undefined
  let stopWaking: Undo = () => undefined
  let known: (snapshot: Snapshot) => void = () => undefined
  const ready = new Promise<Snapshot>((resolve) => {
    known = resolve
  })
  const signIns = new Set<{ cancelled: boolean }>()

  const now = (): number => sharedNow(state.record, ports.clock())
  const current = (): SharedRecord | null => (isLive(state.record) ? state.record : null)

  const host: Host = {
    live(id) {
      step('look')
      const record = current()
      if (!closed && record && (id === undefined || id === record.id)) return record
      throw new SessionError('signed_out', {
        message: closed
          ? 'This session object was destroyed, or lives on a server, where nobody is signed in. Make a new one in the page.'
          : 'Nobody is signed in, or somebody else is by now. Sign in first.',
      })
    },
    now,
    signal: () => ofSession.signal,
    step: (cause, happening, quiet) => {
      step(cause, happening, null, quiet)
    },
    drain: listeners.drain,
    failed(error, retryAt) {
      listeners.tell('refreshFailed', { error, retryAt })
      listeners.drain()
    },
    exclusive: (wait, work) =>
      ports.exclusive(wait ? key : `${key}:server`, { wait, signal: ofTab.signal }, work, () => {
        degraded('locks', 'Without Web Locks, two tabs may now and then refresh at the same time.')
      }),
  }
  const keeper = createKeeper(tokenStore, ports.after, () => {
    degraded('tokenStore', 'Tokens cannot be stored. They stay in the memory of this tab and are gone when it closes.')
  })
  const refresh = createRefresh(host, keeper, server, ports, policy)
  const serverView = createServerView(host, server, ports, policy)

  const tabs = closed
    ? null
    : ports.tabs(key, (cause, message) => {
        if (!message) {
          step(cause)
          return
        }
        step(cause, null, board?.hear(message, cause === 'channel'))
        if (cause === 'channel' && !Object.keys(message).length) board?.answer(state.record)
      })
  const board =
    tabs &&
    createBoard(ports.records(key), tabs, tokenStore.shared, () => {
      degraded('storage', 'localStorage does not work. Tabs talk by channel alone, and a reload signs out.')
    })

  /** Input that was only flagged, work that goes on, and what is seen of other origins' frames. */
  function* overdue(at: number): Generator<Happening> {
    if (flushAt && at >= flushAt) {
      const due = flushAt
      const again = seen && at < due + 1e3
      if (seen) yield { type: 'activity', at: due }
      // A flag that was looked at too late says little: the next input is to say when it comes.
      flushAt = again ? at + flushEvery : 0
      seen = false
    }
    if (holds && at >= holdAt) {
      holdAt = at + holdEvery
      yield { type: 'hold' }
    }
    if (!activity?.framed()) sampleAt = 0
    else if (at >= sampleAt) {
      sampleAt = at + SAMPLE
      if (activity.activated()) yield { type: 'activity', at }
    }
  }

  /** Everything that happens goes through here: take in what others did, settle, let it happen, make the world agree. */
  function step(
    cause: string,
    happening: Happening | null = null,
    heard: SharedRecord | null = null,
    quiet = false,
  ): void {
    if (closed || !board) return
    const clock = ports.clock()
    const before = state.record
    const shownBefore = snapshot
    board.read()
    const taken = adopt(state, merge(board.record(), heard), clock)
    if (isLive(taken.record)) actsFor ||= taken.record.id
    const at = sharedNow(taken.record, clock)
    let next = taken
    if (isLive(next.record) && board.isWiped(next.record.id))
      next = reduce(next, { type: 'end', id: next.record.id, reason: 'wiped' }, clock, policy)
    for (const one of overdue(at)) next = reduce(next, one, clock, policy)
    next = reduce(next, happening, clock, policy)
    state = next
    board.post(next.record)

    const stillAsking = !next.record && at < askingUntil
    const picture = pictureOf(next.record, policy, sharedNow(next.record, clock))
    if (!stillAsking && !isSamePicture(snapshot, picture)) {
      snapshot = picture
      listeners.tell('change')
      known(picture)
    }
    // What a page finds when it is opened is no news.
    if (shownBefore.phase !== 'loading' || happening) {
      const shownTaken = view(taken.record, policy, at).phase
      for (const [type, event] of noticesOf(
        before,
        taken.record,
        next.record,
        shownBefore,
        snapshot,
        shownTaken,
        happening?.type,
      ))
        listeners.tell(type, event)
    }
    if (listeners.has('step'))
      listeners.tell('step', { cause, at: clock.wall, before: shownBefore, after: snapshot, record: next.record })
    reconcile(isLive(taken.record))
    if (!quiet) listeners.drain()
  }

  /** Level-triggered: looks at the state, and makes the world agree with it. `endedHere`: whose end it is, if it is one. */
  function reconcile(endedHere: boolean): void {
    const record = current()
    const id = record?.id ?? ''
    if (id !== actsFor) {
      const { generation = 0, reason } = state.record ?? {}
      ofSession.abort()
      ofSession = new AbortController()
      if (actsFor) wiping = wipe(actsFor, record ? 'replaced' : (reason ?? 'wiped'), endedHere && !generation)
      actsFor = id
    }
    if (record) activity ??= ports.activity(onInput)
    else {
      activity?.stop()
      activity = null
      flushAt = holdAt = sampleAt = 0
      seen = false
    }
    const at = now()
    const instants = [nextWake(record, policy, at), askingUntil]
    if (record) {
      instants.push(flushAt, sampleAt, refresh.pausedUntil(), serverView.pausedUntil())
      if (holds) instants.push(holdAt)
      if (proactiveRefreshAt(record, policy) <= at) refresh.ahead(record)
      serverView.look(record)
    }
    cancelTimer()
    const wakeAt = Math.min(...instants.filter((instant) => instant > at))
    cancelTimer = wakeAt < Infinity ? ports.after(wakeAt - at, onTimer) : () => undefined
  }

  const onTimer = (): void => {
    step('timer')
  }

  /** Per event a flag; at most once per `flushEvery` more than that. */
  function onInput(): void {
    if (flushAt) seen = true
    else {
      flushAt = now() + flushEvery
      step('activity', { type: 'activity', at: Infinity })
    }
  }

  /** Local wipe first, then the server. Whoever removes the tokens revokes them, so that it happens once. */
  async function wipe(id: string, reason: EndReason, tellWithoutTokens: boolean): Promise<void> {
    const removed = await keeper.clear(id)
    // `rejected`: the server knows. `replaced`: it may count old and new tokens as one grant, and would end both.
    if ((!removed && !tellWithoutTokens) || reason === 'rejected' || reason === 'replaced') return
    await within(ports.after, SIGN_OUT_LIMIT, null, async (signal) =>
      server?.signOut?.(removed?.tokens ?? null, { signal, reason }),
    ).catch(() => undefined)
  }

  /** Tokens that a crash left behind, of a session that no longer lives. */
  const sweep = (): Promise<void> =>
    host.exclusive(SIGN_IN_WAIT, async () => {
      const stored = await keeper.peek()
      step('look')
      if (!stored || current() || closed) return
      await wipe(stored.id, (state.record?.id === stored.id ? state.record.reason : null) ?? 'wiped', false)
    })

  /** Where the lock's holder does not let go (a frozen tab), its work fails at the commit guard: nothing is risked. */
  const underLock = async (work: () => Promise<void>): Promise<void> => {
    let began = false
    const begin = (): Promise<void> => {
      began = true
      return work()
    }
    try {
      await host.exclusive(SIGN_IN_WAIT, begin)
    } catch (error) {
      if (began) throw error
      await begin()
    } finally {
      listeners.drain()
    }
  }

  const setTokens = async (id: string, given: TokenResponse): Promise<void> => {
    const times = await refresh.replace(id, host.live(id).generation, given)
    try {
      host.live(id)
    } catch (error) {
      await wipe(id, 'signOut', false)
      throw error
    }
    host.step('setTokens', { type: 'tokens', id, ...times }, true)
  }

  const signIn = async (entry: { cancelled: boolean }, given: TokenResponse | null, login: string): Promise<void> => {
    step('look')
    if (login && state.record?.login === login) {
      const record = current()
      if (record && given) await setTokens(record.id, given)
      return
    }
    const id = ports.id()
    const tokens = given && (await refresh.replace(id, 0, given))
    if (entry.cancelled) {
      await wipe(id, 'signOut', false)
      throw new SessionError('signed_out', { message: 'signOut() or destroy() came before this sign-in was done.' })
    }
    host.step('signIn', { type: 'signIn', id, login, tokens }, true)
  }

  const session: Session = {
    ready,
    getSnapshot: () => snapshot,
    subscribe: (listener) => listeners.add('change', listener),
    on: (type, listener) => listeners.add(type, listener, type === 'degraded' ? degradations : []),
    inspect: (listener) => listeners.add('step', listener),
    async signIn(tokens, { login } = {}) {
      const given = tokens === undefined ? null : checkTokens(tokens)
      const hash = login ? fingerprint(login) : ''
      if (closed) host.live()
      step('look')
      // On every page load of a session by cookie nothing is to be done, and then nobody is to be waited for.
      if (hash && !given && state.record?.login === hash) return
      const entry = { cancelled: false }
      signIns.add(entry)
      await underLock(() => signIn(entry, given, hash)).finally(() => signIns.delete(entry))
    },
    async setTokens(tokens) {
      const given = checkTokens(tokens)
      const { id } = host.live()
      await underLock(() => setTokens(id, given))
    },
    async signOut() {
      for (const entry of signIns) entry.cancelled = true
      if (snapshot.phase === 'loading' && !closed) await ready
      step('look')
      const record = current()
      if (record) step('signOut', { type: 'end', id: record.id, reason: 'signOut' })
      await wiping
    },
    async extend() {
      step('look')
      const record = current()
      if (!record || closed) return false
      const { canExtend } = { canExtend: ends(record, policy)[0].by === 'idle', ...view(record, policy, now()) }
      if (!canExtend || ends(record, policy)[0].at === Infinity) return false
      if (server?.keepAlive && !(await serverView.tell())) return false
      step('extend', { type: 'extend' })
      return current()?.id === record.id
    },
    touch: onInput,
    hold() {
      holds++
      if (holds === 1) holdAt = 0
      step('hold')
      let held = true
      return () => {
        if (held) holds--
        held = false
      }
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
    async getAccessToken({ minValidity = 0, forceRefresh = false, signal } = {}) {
      const left = milliseconds(minValidity, 'minValidity')
      await ready
      return abortable(
        refresh.use({ minValidity: left, forceRefresh }).then(({ tokens }) => tokens.access_token),
        signal,
      )
    },
    authorize: createAuthorize(host, refresh, server),
    destroy() {
      closed = true
      for (const entry of signIns) entry.cancelled = true
      ofTab.abort()
      ofSession.abort()
      activity?.stop()
      cancelTimer()
      tabs?.close()
      stopWaking()
    },
  }
  if (!tabs || !board) {
    known(snapshot)
    return session
  }
  if (Math.min(policy.idleTimeout, policy.absoluteTimeout) < Infinity && policy.warnBefore < 2e4)
    ports.warn(
      'sojourn: warnBefore is below 20 s. People need at least that long to answer: WCAG 2.2.1, https://www.w3.org/TR/WCAG22/#timing-adjustable',
    )
  if (!tabs.works) degraded('channel', 'Without BroadcastChannel, tabs hear of each other by storage alone.')
  board.read()
  if (!board.works() && tabs.works) {
    askingUntil = ports.clock().wall + ASKING
    tabs.say({})
  }
  stopWaking = ports.wake((cause, restored) => {
    if (cause === 'pagehide') {
      leftAs = actsFor
      return
    }
    step(cause)
    // In the same task, before anything is painted.
    if (restored && leftAs && leftAs !== actsFor && policy.reloadsStalePage) {
      ports.page.hide()
      ports.page.reload()
    }
    if (cause === 'online') refresh.online()
  })
  step('start')
  if (!current()) sweep().catch(() => undefined)
  return session
}

/** The caller stops waiting when he wishes; what he waited for goes on for the others. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort)
    })
  })
}
