import { adopt, beganAt, unlessAhead, unlessBefore } from '../core/adopt.js'
import { ending, reduce, settle, shortening, type Change, type State } from '../core/changes.js'
import { sharedNow, type Clock } from '../core/clock.js'
import { configFor, nextWakeAt, type Config } from '../core/deadlines.js'
import { isLive, merge, type SharedRecord } from '../core/record.js'
import { eventsOf, isSameSnapshot, snapshotOf, type Snapshot } from '../core/snapshot.js'
import type { Ports, Undo } from '../ports/types.js'
import type { SessionStep } from '../types.js'
import type { Emitter } from '../util/emitter.js'
import { DEVELOPMENT } from '../util/development.js'
import { PROPAGATION_DELAY } from '../util/timing.js'
import type { Cause } from './causes.js'
import type { Parts } from './parts.js'

/** The work of a step, beside reading storage and the clock. */
export interface Doing {
  /** Changes the session if it is live. */
  readonly change?: Change | undefined
  /** Listeners are called later: when a lock that is held now is free again. */
  readonly deferEvents?: boolean | undefined
  /** The record that another tab posted. */
  readonly received?: SharedRecord | null | undefined
  /** A new state in place of the one there is. */
  readonly replace?: ((state: State, clock: Clock) => State) | undefined
  /** The step is taken after `destroy()` as well: its work was under way then. */
  readonly evenIfClosed?: boolean | undefined
}

/** The session as this tab knows it, and the one way in which it changes. */
export interface Loop {
  /** Everything that happens goes through here: read what other tabs did, settle, let it happen, make the world agree with it. */
  readonly step: (cause: Cause, doing?: Doing) => void
  readonly record: () => SharedRecord | null
  /** The same where the session lives, else null. */
  readonly liveRecord: () => SharedRecord | null
  readonly snapshot: () => Snapshot
  /** Shared time. */
  readonly now: () => number
  /** Resolves once the phase is known. */
  readonly ready: Promise<Snapshot>
  readonly isPrerendered: () => boolean
  /** Somebody has opened the page; the next step may act. */
  readonly open: () => void
  /** Lets those go on who wait for the opening. */
  readonly resolveOpened: () => void
  /** Waits in a prerendered page until somebody opens it, and the phase is known; null where somebody has. */
  readonly opening: () => Promise<unknown> | null
  /** Storage cannot say who is signed in: other tabs have 300 ms to reply. */
  readonly query: () => void
  readonly isClosed: () => boolean
  readonly close: () => void
}

const noop = (): void => undefined

export function createLoop({ ports, config, sync, activity, active, emitter, hooks }: Parts): Loop {
  let state: State = { record: null, anchor: { shared: 0, mono: 0 } }
  /** The state that the next step starts from. In a prerendered page it is the state as read: when the page is opened, the session may still be live. */
  let basis = state
  let snapshot: Snapshot = { phase: 'loading' }
  let isClosed = !ports.hasPage
  let isPrerendered = !isClosed && ports.prerendering()
  let resolveReady: (snapshot: Snapshot) => void = noop
  const ready = new Promise<Snapshot>((resolve) => {
    resolveReady = resolve
  })
  let resolveOpened: () => void = noop
  const opened = new Promise<void>((resolve) => {
    resolveOpened = resolve
  }).then(() => ready)
  /** By the monotonic clock: the other may be set meanwhile. */
  let queryUntil = 0
  let cancelTimer: Undo = noop

  const compareLimits = createLimitsWarning(ports, config)
  const liveRecord = (): SharedRecord | null => (isLive(state.record) ? state.record : null)
  const mayAct = (): boolean => !!liveRecord() && !isPrerendered && !isClosed

  /** The state with what storage and a message say. */
  const read = (received: SharedRecord | null, clock: Clock): State => {
    const found = sync.read()
    // First what this tab's own clocks show: a clock that was set back tells how old the session is.
    const last = adopt(basis, null, clock).record
    // A tab that slept while storage was emptied and filled again does not displace the session that it finds there, if that
    // lives and began later, or the tab's own has come to its end meanwhile. A session that begins in the future was planted.
    const isOther = last && isLive(found) && sync.isReplaced(last.id) && beganAt(found) <= clock.wall
    const isOver = isOther && (beganAt(found) > beganAt(last) || settle(last, config, sharedNow(last, clock)) !== last)
    const own = isOver ? null : unlessAhead(last, found ?? received, clock.wall)
    const others = merge(found, unlessAhead(received, found, clock.wall))
    return adopt({ ...basis, record: own && basis.record }, unlessBefore(others, own, basis.record, clock.wall), clock)
  }

  /** `taken` with what happened in this tab. */
  const apply = (taken: State, { change, replace }: Doing, at: number, clock: Clock): State => {
    let next = taken
    const missing = taken.record && sync.isMissing(taken.record.id) ? ending('wiped') : null
    // Activity before the deadline counts before it, however late it is recorded. The last `reduce` settles, even without a change.
    const { idleTimeout } = configFor(taken.record, config)
    const pending = isPrerendered || isClosed ? [] : activity.takePending({ shared: at, mono: clock.mono }, idleTimeout)
    for (const [when, one] of pending) next = reduce(next, one, clock, config, when)
    for (const one of [missing, isPrerendered ? null : change]) next = reduce(next, one, clock, config)
    if (replace) next = replace(next, clock)
    // All tabs have to know the shorter options of this tab, or only this one would warn.
    return reduce(next, shortening(config), clock, config)
  }

  const show = (cause: Cause, before: SharedRecord | null, taken: State, clock: Clock): void => {
    const previous = snapshot
    const { record } = state
    const next = snapshotOf(record, config, sharedNow(record, clock))
    if (!isSameSnapshot(previous, next)) {
      snapshot = next
      emitter.enqueue('change')
      resolveReady(next)
    }
    // A page that loads finds a session: that is no event.
    if (previous.phase === 'loading') return
    const found = snapshotOf(taken.record, config, sharedNow(taken.record, clock))
    const events = eventsOf({ before, after: record, previous, found, next, cause, config })
    for (const [type, event] of events) emitter.enqueue(type, event)
  }

  function step(cause: Cause, doing: Doing = {}): void {
    if (isClosed && !doing.evenIfClosed) return
    const clock = ports.clock()
    const before = state.record
    const previous = snapshot
    const taken = read(doing.received ?? null, clock)
    // Before it counts: another tab may have signed somebody else in, and what went on here was for the session before.
    if (active.id() && active.id() !== taken.record?.id) activity.watch(false, 0)
    if (DEVELOPMENT) compareLimits(taken.record)
    state = apply(taken, doing, sharedNow(taken.record, clock), clock)
    basis = isPrerendered ? taken : state
    if (!isPrerendered) sync.publish(state.record, cause)
    if (isClosed) return

    // Timers may ring a moment early.
    if (state.record || clock.mono > queryUntil - 1) {
      queryUntil = 0
      show(cause, before, taken, clock)
    }
    reportStep(emitter, before, { cause, at: clock.wall, before: previous, after: snapshot, record: state.record })
    // Pending input was for the session before, but not a hold that begins where something stops with that. There the application may
    // call `destroy()` as well.
    const now = sharedNow(state.record, clock)
    if (active.id() !== (liveRecord()?.id ?? '')) activity.watch(false, now)
    active.follow(taken.record, state.record, isPrerendered)
    activity.watch(mayAct(), now)
    arm(runHooks(now), clock)
    if (!doing.deferEvents) emitter.flush()
  }

  /** Lets the plugins do what is due. By the step's own clock: nothing that falls due during the step is forgotten. */
  const runHooks = (at: number): number[] => {
    const record = liveRecord()
    return record ? hooks.flatMap(({ look }) => look?.(record, at) ?? []) : []
  }

  /** Arms the one timer. */
  const arm = (wakeTimes: readonly number[], clock: Clock): void => {
    const { record } = state
    const at = sharedNow(record, clock)
    const others = [at + queryUntil - clock.mono, ...wakeTimes, ...activity.wakeTimes()]
    const wakeAt = nextWakeAt(record, config, at, others)
    cancelTimer()
    if (wakeAt < Infinity && !isClosed)
      cancelTimer = ports.after(Math.max(0, wakeAt - sharedNow(record, ports.clock())), () => {
        step('timer')
      })
  }

  if (isClosed) resolveReady(snapshot)
  return {
    step,
    ready,
    record: () => state.record,
    liveRecord,
    snapshot: () => snapshot,
    now: () => sharedNow(state.record, ports.clock()),
    isPrerendered: () => isPrerendered,
    opening: () => (isPrerendered ? opened : null),
    resolveOpened,
    open() {
      isPrerendered = false
      if (queryUntil) queryUntil = ports.clock().mono + PROPAGATION_DELAY
    },
    query() {
      queryUntil = isPrerendered ? Infinity : ports.clock().mono + PROPAGATION_DELAY
    },
    isClosed: () => isClosed,
    close() {
      isClosed = true
      active.leave()
      resolveOpened()
      activity.watch(false, 0, true)
      cancelTimer()
      resolveReady(snapshot)
    },
  }
}

/**
 * Reports a step to the listeners of steps. Not one that leaves the snapshot as it was and that such a listener took itself, of which
 * it would be told without end; nor a look that found the record as `known`, which a listener causes that sends each step by the
 * session's own fetch.
 */
function reportStep(emitter: Emitter, known: SharedRecord | null, step: SessionStep): void {
  const { cause, before, after, record } = step
  const isIdle = cause === 'look' && JSON.stringify(known) === JSON.stringify(record)
  if (before === after && (isIdle || emitter.isTelling('step'))) return
  // A copy: a listener may remove from it what is to go into no log.
  emitter.enqueue('step', { ...step, record: record && { ...record } })
}

/** Pages with different options are mostly a mistake: the developer of the shorter ones reads of it, once for each session. */
function createLimitsWarning(ports: Ports, config: Config): (record: SharedRecord | null) => void {
  if (!DEVELOPMENT) return noop
  let warnedId = ''
  return (record) => {
    if (!isLive(record) || record.id === warnedId) return
    const { id, idleTimeout, absoluteTimeout } = record
    if (config.idleTimeout >= idleTimeout && config.absoluteTimeout >= absoluteTimeout) return
    ports.warn(
      `sojourn: this page has idleTimeout ${config.idleTimeout} and absoluteTimeout ${config.absoluteTimeout}, the page that signed in has ${idleTimeout} and ${absoluteTimeout} (ms). The shorter count in all tabs: give all pages the same options.`,
    )
    warnedId = id
  }
}
