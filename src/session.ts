import { createAuthorize } from './authorize.js'
import { createBoard } from './board.js'
import { fingerprint } from './core/hash.js'
import { isLive, merge, type SharedRecord } from './core/record.js'
import { activity, adopt, begin, ending, extension, reduce, type Change, type State } from './core/reduce.js'
import { ends, nextWake, refreshAheadAt, sharedNow, warnAtOf, warnedOf } from './core/time.js'
import { milliseconds } from './duration.js'
import { failed } from './errors.js'
import { abortable, within } from './limit.js'
import { createListeners } from './listeners.js'
import { policyOf } from './options.js'
import { isSamePicture, noticesOf, pictureOf } from './picture.js'
import type { Activity, Heard, Ports, Undo } from './ports/types.js'
import { createServerView } from './server-view.js'
import { createKeeper } from './tokens/keeper.js'
import { memoryTokens } from './tokens/memory.js'
import { checkTokens, createRefresh, type Host } from './tokens/refresh.js'
import type { Session, SessionEvents, SessionOptions, Snapshot, TokenResponse } from './types.js'

/** How long other tabs are given to answer where storage cannot. */
const ASKING = 300
/** How often a frame of another origin is looked at; its activation lasts about 5 s. */
const SAMPLE = 4e3
const LIMIT = 5e3
const noop = (): void => undefined
const over = (): Error => failed('signed_out', 'This session is over, or this page is done with it. Sign in first.')

/** A session on the given world: `createSession` gives it the browser's. */
export function createSessionWith(ports: Ports, options: SessionOptions = {}): Session {
  const policy = policyOf(options)
  const { name = 'session', server, tokenStore = memoryTokens() } = options
  const key = `sojourn:${name}:1`
  /** How often continuous input, and work that goes on, are written down. */
  const flushEvery = Math.min(2e3, policy.idleTimeout / 10)
  const holdEvery = Math.min(6e4, policy.idleTimeout / 4)

  let state: State = { record: null, anchor: { shared: 0, mono: 0 } }
  let snapshot: Snapshot = { phase: 'loading' }
  let closed = !ports.alive
  let known: (snapshot: Snapshot) => void = noop
  const ready = new Promise<Snapshot>((resolve) => {
    known = resolve
  })
  /** The session that this tab acts for, and what it does for it; empty while none lives. */
  let actsFor = ''
  let acting = new AbortController()
  const ofTab = new AbortController()
  let wiping = Promise.resolve()
  let askingUntil = 0
  let watching: Activity | null = null
  /** Until when input only raises the flag; 0 while the user is quiet. */
  let flushAt = 0
  let seen = false
  let holds = 0
  let holdAt = 0
  let sampleAt = 0
  let leftAs = ''
  let cancelTimer: Undo = noop
  let stopWaking: Undo = noop
  /** Counts what cancels a sign-in that is under way. */
  let signOuts = 0

  const listeners = createListeners(ports.report)
  const missing = new Map<string, SessionEvents['degraded']>()
  /** Told once, a moment later: never in the middle of a step. Who listens too late is told by `on`. */
  const degraded = (feature: SessionEvents['degraded']['feature'], consequence: string): void => {
    const event = { feature, consequence }
    void Promise.resolve().then(() => {
      if (missing.has(feature)) return
      missing.set(feature, event)
      host.tell('degraded', event)
    })
  }

  const current = (): SharedRecord | null => (isLive(state.record) ? state.record : null)
  const now = (): number => sharedNow(state.record, ports.clock())
  const host: Host = {
    live(id) {
      step('look')
      const record = current()
      if (!closed && record && (!id || id === record.id)) return record
      throw over()
    },
    now,
    signal: () => acting.signal,
    step(cause, change, quiet) {
      step(cause, change, quiet)
    },
    tell(type, value) {
      listeners.tell(type, value)
      listeners.drain()
    },
    exclusive: (wait, work) =>
      ports
        .exclusive(wait ? key : `${key}:server`, { wait, signal: ofTab.signal }, work, () => {
          degraded('locks', 'Two tabs may now and then refresh at once.')
        })
        .finally(listeners.drain),
  }
  const keeper = createKeeper(tokenStore, ports.after, () => {
    degraded('tokenStore', 'Tokens stay in the memory of this tab.')
  })
  const refresh = createRefresh(host, keeper, server, ports, policy)
  const serverView = createServerView(host, server, ports, policy)
  const onHeard: Heard = (cause, message) => {
    step(cause, null, false, message && board.hear(message))
    if (cause === 'channel' && message && !Object.keys(message).length) board.answer()
  }
  const tabs = closed ? { works: true, say: noop, close: noop } : ports.tabs(key, onHeard)
  const board = createBoard(ports.records(key), tabs, tokenStore.shared, () => {
    degraded('storage', 'Tabs talk by channel alone, and a reload signs out.')
  })

  /** Everything that happens goes through here: take in what others did, settle, let it happen, make the world agree. */
  function step(
    cause: string,
    change: Change | null = null,
    quiet = false,
    heard: SharedRecord | null = null,
    signIn: Partial<SharedRecord> | null = null,
  ): void {
    if (closed) return
    const clock = ports.clock()
    const before = state.record
    const was = snapshot
    const taken = adopt(state, merge(board.read(), heard), clock)
    const at = sharedNow(taken.record, clock)
    state = taken
    const apply = (one: Change): void => {
      state = reduce(state, one, clock, policy)
    }
    if (taken.record && board.isWiped(taken.record.id)) apply(ending('wiped'))
    for (const one of overdue(at)) apply(one)
    apply(change ?? (() => false))
    if (signIn) state = begin(state, signIn, clock)
    const { record } = state
    board.post(record)

    if (record || at >= askingUntil) {
      const picture = pictureOf(record, policy, sharedNow(record, clock))
      if (!isSamePicture(was, picture)) {
        snapshot = picture
        listeners.tell('change')
        known(picture)
      }
      // What a page finds when it is opened is no news.
      if (was.phase !== 'loading' || signIn) {
        const notices = noticesOf(before, record, was, pictureOf(taken.record, policy, at), picture, policy)
        for (const [type, event] of notices) listeners.tell(type, event)
      }
    }
    listeners.tell('step', { cause, at: clock.wall, before: was, after: snapshot, record })
    if (isLive(taken.record)) actsFor ||= taken.record.id
    reconcile(isLive(taken.record))
    if (!quiet) listeners.drain()
  }

  /** What this tab has to say by itself: flagged input, work that goes on, and what it sees of other origins' frames. */
  function overdue(at: number): Change[] {
    const changes: Change[] = []
    if (flushAt && at >= flushAt) {
      if (seen) changes.push(activity(policy, flushAt))
      // A flag that is looked at late says little about now: the next input is to say when it comes.
      flushAt = seen && at < flushAt + 1e3 ? at + flushEvery : 0
      seen = false
    }
    if (holds && at >= holdAt) {
      holdAt = at + holdEvery
      changes.push(extension)
    }
    if (!watching?.framed()) sampleAt = 0
    else if (at >= sampleAt) {
      sampleAt = at + SAMPLE
      if (watching.activated()) changes.push(activity(policy))
    }
    return changes
  }

  /** Level-triggered: looks at the state, and makes the world agree with it. `lived`: nobody else ended the session. */
  function reconcile(lived: boolean): void {
    const record = current()
    const id = record?.id ?? ''
    if (id !== actsFor) {
      acting.abort()
      acting = new AbortController()
      // A session by cookie has no tokens to revoke: it is ended by the tab that ended it.
      if (actsFor)
        wiping = wipe(actsFor, record ? 'replaced' : state.record?.reason, lived && !state.record?.generation)
      actsFor = id
    }
    const at = now()
    const instants = [nextWake(record, policy, at), askingUntil]
    if (record) {
      watching ??= ports.activity(onInput)
      if (refreshAheadAt(record, policy) <= at) refresh.ahead(record)
      serverView.look(record)
      instants.push(flushAt, sampleAt, holds && holdAt, serverView.retryAt())
    } else {
      watching?.stop()
      watching = null
      flushAt = 0
    }
    cancelTimer()
    const wakeAt = Math.min(...instants.filter((instant) => instant > at))
    if (wakeAt < Infinity)
      cancelTimer = ports.after(wakeAt - at, () => {
        step('timer')
      })
  }

  /** Per event a flag; at most once per `flushEvery` more than that. */
  function onInput(): void {
    if (flushAt) seen = true
    else {
      flushAt = now() + flushEvery
      step('activity', activity(policy))
    }
  }

  /** Local wipe first, then the server. Whoever removes the tokens revokes them, so that it happens once. */
  async function wipe(id: string, reason = 'wiped', tellWithoutTokens = false): Promise<void> {
    const removed = await keeper.clear(id)
    // `rejected`: the server knows. `replaced`: it may count old and new tokens as one grant, and would end both.
    if ((!removed && !tellWithoutTokens) || reason === 'rejected' || reason === 'replaced') return
    await within(ports.after, LIMIT, null, async (signal) =>
      server?.signOut?.(removed?.tokens ?? null, { signal, reason: reason as 'signOut' }),
    ).catch(noop)
  }

  /** Tokens that a crash left behind, of a session that no longer lives. */
  const sweep = async (): Promise<void> => {
    const stored = await keeper.peek()
    step('look')
    if (stored && !current()) await wipe(stored.id)
  }

  /** A holder of the lock that does not let go (a frozen tab) fails at the commit guard later: nothing is risked. */
  const underLock = async (work: () => Promise<void>): Promise<void> => {
    let began = false
    const once = async (): Promise<void> => {
      if (!began) {
        began = true
        await work()
      }
    }
    await host.exclusive(LIMIT, once).catch((error: unknown) => {
      if (began) throw error
      return once()
    })
    listeners.drain()
  }

  const setTokens = async (id: string, given: TokenResponse): Promise<void> => {
    const times = await refresh.replace(id, host.live(id).generation, given)
    try {
      host.live(id)
    } catch (error) {
      await wipe(id)
      throw error
    }
    step('setTokens', () => times, true)
  }

  const session: Session = {
    ready,
    getSnapshot: () => snapshot,
    subscribe: (listener) => listeners.add('change', listener),
    on(type, listener) {
      if (type === 'degraded')
        for (const event of missing.values())
          Promise.resolve(event as never)
            .then(listener)
            .catch(ports.report)
      return listeners.add(type, listener)
    },
    inspect: (listener) => listeners.add('step', listener),
    async signIn(tokens, { login } = {}) {
      const given = tokens === undefined ? null : checkTokens(tokens)
      if (closed) throw over()
      const hash = login ? fingerprint(login) : ''
      const continues = (): boolean => {
        step('look')
        return !!hash && state.record?.login === hash
      }
      // On every page load of a session by cookie nothing is to be done, and nobody is to be waited for.
      if (!given && continues()) return
      const before = signOuts
      await underLock(async () => {
        if (continues()) {
          const record = current()
          if (record && given) await setTokens(record.id, given)
          return
        }
        const id = ports.id()
        const times = given && (await refresh.replace(id, 0, given))
        if (signOuts !== before) {
          await wipe(id)
          throw failed('signed_out', 'signOut() or destroy() came before this sign-in was done.')
        }
        step('signIn', null, true, null, { id, login: hash, ...times })
      })
    },
    async setTokens(tokens) {
      const given = checkTokens(tokens)
      const { id } = host.live()
      await underLock(() => setTokens(id, given))
    },
    async signOut() {
      signOuts++
      await (askingUntil && ready)
      step('signOut', ending('signOut'))
      await wiping
    },
    async extend() {
      step('look')
      const record = current()
      const canExtend = record && (warnedOf(record, policy, now()) ?? ends(record, policy)[0]).by === 'idle'
      if (closed || !canExtend || ends(record, policy)[0].at === Infinity) return false
      if (policy.canTell && !(await serverView.tell())) return false
      step('extend', extension)
      return current()?.id === record.id
    },
    touch: onInput,
    hold() {
      if (!holds++) holdAt = 0
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
    async getAccessToken({ minValidity = 0, forceRefresh, signal } = {}) {
      const left = milliseconds(minValidity, 'minValidity')
      await ready
      const tokens = await abortable(refresh.use(left, forceRefresh), signal)
      return tokens.tokens.access_token
    },
    authorize: createAuthorize(host, refresh, server),
    destroy() {
      closed = true
      signOuts++
      ofTab.abort()
      acting.abort()
      watching?.stop()
      cancelTimer()
      stopWaking()
      tabs.close()
    },
  }

  if (closed) known(snapshot)
  else {
    if (Math.min(policy.idleTimeout, policy.absoluteTimeout) < Infinity && policy.warnBefore < 2e4)
      ports.warn('sojourn: warnBefore is below 20 s, too short for many people to answer (WCAG 2.2.1).')
    if (!tabs.works) degraded('channel', 'Tabs hear of each other by storage alone.')
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
      if (cause === 'online' && current()) refresh.online()
    })
    step('start')
    if (!current()) host.exclusive(LIMIT, sweep).catch(noop)
  }
  return session
}
