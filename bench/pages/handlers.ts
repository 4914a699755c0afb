/**
 * What one input event costs in the handlers of each candidate once it runs: its handlers are taken from
 * `addEventListener`, and called many times with events that the browser made (they stay trusted after their dispatch).
 * All candidates live in this one page and take turns, so that what disturbs one disturbs all.
 */
import { candidates, mount, type Candidate } from './candidates.js'

type Listener = (event: Event) => void

/** A handler, and two events of its type that differ, so that a move moves. */
interface Call {
  readonly listener: Listener
  readonly a: Event
  readonly b: Event
}

export interface HandlerCost {
  /** The types of the events that are handled. */
  readonly handled: string[]
  /** ns per action, in each round. */
  readonly rounds: number[]
  /** Of heap per action, in each round. */
  readonly bytes: number[]
}

const handlers = new Map<Candidate, (readonly [type: string, listener: Listener])[]>()
let recorded: Event[] = []

/** Mounts all candidates, and records the events that they listen for. */
export async function prepare(): Promise<void> {
  for (const candidate of candidates) handlers.set(candidate, await handlersOf(() => mount(candidate)))
  const types = new Set([...handlers.values()].flat().map(([type]) => type))
  for (const type of types) addEventListener(type, (event) => recorded.push(event), { capture: true })
}

type AddEventListener = (this: unknown, type: string, listener: unknown, options?: unknown) => void

async function handlersOf(act: () => Promise<void>): Promise<(readonly [string, Listener])[]> {
  const found: (readonly [string, Listener])[] = []
  const prototype = EventTarget.prototype as unknown as { addEventListener: AddEventListener }
  const original = prototype.addEventListener
  prototype.addEventListener = function (type, listener, options) {
    original.call(this ?? window, type, listener, options)
    // React itself listens in its root, and for selections on the document; that is not what is measured.
    const isGlobal = this === undefined || this === window || this === document
    if (isGlobal && type !== 'selectionchange') found.push([type, listener as Listener])
  }
  await act()
  prototype.addEventListener = original
  return found
}

export function record(): void {
  recorded = []
}

/** The calls that the recorded action, done twice, causes in a candidate. */
function callsOf(candidate: Candidate): Call[] {
  const calls = handlers.get(candidate)!.flatMap(([type, listener]): Call[] => {
    const [a, b] = recorded.filter((event) => event.type === type)
    if (!a) return []
    if (!b || !a.isTrusted || !b.isTrusted) throw new Error(`Two trusted events are needed: ${type}`)
    return [{ listener, a, b }]
  })
  if (calls.length === 0) throw new Error(`${candidate} has no handler for this action.`)
  return calls
}

/** One loop for all: V8 then inlines no handler into it, as it inlines none where the browser dispatches. */
function callAll(calls: readonly Call[], count: number): void {
  for (let i = 0; i < count; i++) for (const { listener, a, b } of calls) listener.call(window, i & 1 ? a : b)
}

/** What the last event was is asked for, so that this loop is not found to be useless. */
let last: Event | null = null

/** The same loop without the calls. */
function callNone(calls: readonly Call[], count: number): void {
  for (let i = 0; i < count; i++) for (const { a, b } of calls) last = i & 1 ? a : b
}

/** Some handlers leave promises behind: what happens in those is their cost too. */
async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await Promise.resolve()
}

/** Lets timers fire. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/** Measures the recorded action, `count` times a round. */
export async function measure(rounds: number, count: number): Promise<Record<Candidate, HandlerCost>> {
  const warmUp = 10
  const subjects = candidates.map((candidate) => {
    const calls = callsOf(candidate)
    const cost: HandlerCost = { handled: calls.map(({ a }) => a.type), rounds: [], bytes: [] }
    return { candidate, calls, cost }
  })
  for (let round = 0; round < rounds + warmUp; round++)
    for (let turn = 0; turn < subjects.length; turn++) {
      const { calls, cost } = subjects[(round + turn) % subjects.length]!
      const ms = (await timed(callAll, calls, count)) - (await timed(callNone, calls, count))
      if (round >= warmUp) cost.rounds.push((ms * 1e6) / count)
      await rest()
    }
  for (let round = 0; round < 9; round++)
    for (const { calls, cost } of subjects) {
      cost.bytes.push(await allocated(calls, 1000))
      await rest()
    }
  if (!last) throw new Error('Nothing was called.')
  return Object.fromEntries(subjects.map(({ candidate, cost }) => [candidate, cost])) as Record<Candidate, HandlerCost>
}

async function timed(body: typeof callAll, calls: readonly Call[], count: number): Promise<number> {
  const start = performance.now()
  body(calls, count)
  await settle()
  return performance.now() - start
}

/** Bytes per action, whether they are kept or thrown away; `count` is small enough that nothing is collected meanwhile. */
async function allocated(calls: readonly Call[], count: number): Promise<number> {
  const { gc, performance } = globalThis as unknown as {
    gc: () => void
    performance: { memory: { usedJSHeapSize: number } }
  }
  callAll(calls, count)
  await settle()
  await rest()
  gc()
  const before = performance.memory.usedJSHeapSize
  callAll(calls, count)
  const bytes = performance.memory.usedJSHeapSize - before
  await settle()
  return bytes / count
}
