import { activity, extension, type Change } from '../core/changes.js'
import { drift, type Anchor } from '../core/clock.js'
import type { Config } from '../core/deadlines.js'
import type { InputWatch, Ports, Undo } from '../ports/types.js'

/** A change, and the shared time at which it happened. A change from before the deadline counts, however late it is applied. */
export type PendingChange = readonly [at: number, change: Change]

/** The activity of the user in this tab. */
export interface Activity {
  /** Counts input while a session is live, and only then. Its holds end with it. `now`: shared time. `isDone`: listens no more. */
  readonly watch: (isLive: boolean, now: number, isDone?: boolean) => void
  /** Listens to one more window, from the next `watch` on. */
  readonly add: (view: Window) => Undo
  /** An input event of the user. Most calls only read the clock and set a flag. */
  readonly onInput: () => void
  /** A hold is of the session that is live, or of the next one where none is. */
  readonly hold: () => () => void
  /** The page was frozen: no work went on meanwhile, whatever the clocks say. */
  readonly thawed: () => void
  /** The changes that are due: flagged input, `hold()`, and activity in frames of other origins. */
  readonly takePending: (now: Anchor, idleTimeout: number) => PendingChange[]
  /** When `takePending` is to be called next; 0 for never. */
  readonly wakeTimes: () => number[]
}

/** A window whose input is watched; without `view` the page's own. */
interface WatchedWindow {
  readonly view?: Window
  input?: InputWatch | undefined
}

/**
 * How long after the end of a session its listeners are removed. To remove and add them takes two fifths of the time of a sign-out and
 * a sign-in, and all tabs do it at once: they show first that the session is over.
 */
const REMOVE_AFTER = 500

function startInput(one: WatchedWindow, start: () => InputWatch): void {
  try {
    one.input ??= start()
  } catch (error) {
    // The window shows another site now, and may come back.
    if (!one.view) throw error
  }
}

function stopInput(one: WatchedWindow): void {
  one.input?.stop()
  one.input = undefined
}

/** How often a frame of another origin is checked for activity, which its browser reports for about 5 s. */
const SAMPLE_EVERY = 4e3
/**
 * How late a timer may fire in a page that runs: Chromium fires those of a hidden page once a minute,
 * https://developer.chrome.com/blog/timer-throttling-in-chrome-88.
 */
const LATEST_TIMER = 65e3
const NEVER: Anchor = { shared: 0, mono: 0 }

/** `step` is called for input that must not wait for the timer (see `onInput`), and where the focus may have entered a frame. */
export function createActivity(ports: Ports, config: Config, step: (cause: 'activity' | 'blur') => void): Activity {
  const page: WatchedWindow = {}
  /** The page's own window, and those that the page opened and fills itself. */
  const windows = new Set([page])
  let isWatching = false
  /** Cancels the timer that removes the listeners of a session that is over. */
  let cancelRemoval: Undo = () => undefined
  /** When flagged input is recorded; 0 while there was none lately. */
  let flushAt = 0
  /**
   * The same by the wall clock. Until then input only sets the flag. V8 makes a number of 12 bytes at each reading of this clock. It makes
   * none of `performance.now()`, which takes three times as long, and which does not tell of a machine that slept: the click that wakes
   * it would be taken for one of before.
   */
  let pendingUntil = 0
  let isFlagged = false
  let isFirstInput = false
  let pending: PendingChange[] = []
  const holds = new Set<object>()
  let holdAt = 0
  /** When `hold()` was last recorded. */
  let heldAt = NEVER
  /** Whether the page was hidden since then. While it is visible its timers are on time, unless the machine slept. */
  let wasHidden = false
  let sampleAt = 0

  const isPending = (): boolean => ports.wallNow() < pendingUntil
  /**
   * The first input after a pause is recorded at once, later input when `flushAt` comes. The clock decides, not the timer: timers
   * stop while the machine sleeps, and the input that wakes it may come before they fire.
   */
  const onInput = (): void => {
    if (isPending()) isFlagged = true
    else {
      isFirstInput = true
      step('activity')
    }
  }
  const onWatched = (): void => {
    if (isWatching) onInput()
  }
  const watching = {
    isKnown: () => isFlagged && isPending(),
    left: () => {
      step('blur')
    },
  }

  const stopAll = (): void => {
    cancelRemoval()
    for (const one of windows) stopInput(one)
  }

  /** Adds a change to those that `takePending` returns. */
  const note = (at: number, change: Change = activity(config)): void => {
    pending.push([at, change])
  }

  /** Input that followed the first was only flagged: it counts as of `flushAt`. */
  const takeFlagged = (at: number, flushEvery: number): void => {
    if (!flushAt || at < flushAt) return
    if (isFlagged) note(flushAt)
    // A flag that is read late says little about now: the next input is then recorded at once.
    flushAt = isFlagged && at < flushAt + 1e3 ? at + flushEvery : 0
    isFlagged = false
  }

  /** `hold()`: work that goes on is activity, recorded every `holdEvery` ms. */
  const takeHold = (now: Anchor, holdEvery: number): void => {
    const at = now.shared
    holdAt = heldAt.shared + holdEvery
    const isHidden = !!page.input?.hidden()
    wasHidden ||= isHidden
    if (holds.size < 1 || at < holdAt) return
    // The timer of a hidden page fires late, but the work went on all the time: it counts as of when the timer was due. Where the
    // clocks do not agree on how long that was, the machine slept, and the work may have stopped.
    const hasRun = wasHidden && at - holdAt < LATEST_TIMER && !drift(heldAt, at, now.mono)
    note(hasRun ? holdAt : at, (record) => extension(record, at))
    holdAt = at + holdEvery
    heldAt = now
    wasHidden = isHidden
  }

  const framedWindows = (): WatchedWindow[] => [...windows].filter((one) => isWatching && one.input?.isFocusInFrame())

  /** Frames of other origins send no events: while the focus is in one, the browser is asked whether the user is active. */
  const takeSample = (at: number): void => {
    const framed = framedWindows()
    if (framed.length < 1) sampleAt = 0
    else if (at >= sampleAt) {
      sampleAt = at + SAMPLE_EVERY
      if (framed.some((one) => one.input?.isUserActive())) note(at)
    }
  }

  return {
    onInput,
    watch(isLive, now, isDone) {
      const [begins, ends] = [isLive && !isWatching, isWatching && !isLive]
      isWatching = isLive
      if (ends) holds.clear()
      if (ends) cancelRemoval = ports.after(REMOVE_AFTER, stopAll)
      if (begins || isDone) stopAll()
      if (!isLive) {
        flushAt = pendingUntil = 0
        isFlagged = false
      }
      for (const one of windows) {
        if (one.view?.closed) windows.delete(one)
        else if (isLive) startInput(one, () => ports.watchInput(onWatched, { ...watching, view: one.view }))
      }
      // The focus was in a frame before the session began: no event of the page tells of it.
      if (begins && framedWindows().length > 0) sampleAt = now + SAMPLE_EVERY
    },
    add(view) {
      const one: WatchedWindow = { view }
      windows.add(one)
      return () => {
        stopInput(one)
        windows.delete(one)
      }
    },
    thawed() {
      heldAt = NEVER
    },
    hold() {
      if (holds.size < 1) heldAt = NEVER
      const own = {}
      holds.add(own)
      return () => holds.delete(own)
    },
    takePending(now, idleTimeout) {
      const at = now.shared
      const flushEvery = Math.min(2e3, idleTimeout / 10)
      pending = []
      takeFlagged(at, flushEvery)
      takeHold(now, Math.min(6e4, idleTimeout / 4))
      if (isFirstInput) {
        flushAt = at + flushEvery
        note(at)
      }
      isFirstInput = false
      pendingUntil = ports.wallNow() + flushAt - at
      takeSample(at)
      return pending
    },
    wakeTimes: () => (isWatching ? [flushAt, sampleAt, holds.size > 0 ? holdAt : 0] : []),
  }
}
