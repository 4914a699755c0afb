/**
 * A mouse that moves on and on, as the browser dispatches it: what one candidate asks of the browser meanwhile, and the
 * time from before its listeners to after them (promises included) and in its timers.
 */
import { counts, type Counts } from './counters.js'
import { mount, type Candidate } from './candidates.js'

/** One move of a mouse is these events, whoever listens. */
const TYPES = ['pointermove', 'mousemove']

export interface Moving extends Counts {
  readonly moves: number
  /** In listeners and timers. */
  readonly ms: number
}

let moves = 0
let inListeners = 0
let startedAt = 0

export async function prepare(candidate: Candidate): Promise<void> {
  const onFirst = (): void => {
    startedAt = performance.now()
  }
  const onLast = ({ type }: Event): void => {
    inListeners += performance.now() - startedAt
    if (type === 'mousemove') moves++
  }
  for (const type of TYPES) addEventListener(type, onFirst, { capture: true })
  await mount(candidate)
  for (const type of TYPES) addEventListener(type, onLast)
}

export function reset(): void {
  Object.assign(counts, { timers: 0, storage: 0, messages: 0, inTimers: 0 })
  moves = inListeners = 0
}

export const read = (): Moving => ({ ...counts, moves, ms: inListeners + counts.inTimers })
