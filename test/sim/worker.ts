/** Plays worlds in a thread of its own. scripts/sim.mjs bundles and starts it, and sends its tasks. */
import { parentPort, workerData } from 'node:worker_threads'
import { quickenAborts } from './abort.js'
import { compilePage } from './browser.js'
import { complete, drawPlan, type Plan, type PlanText } from './plan.js'
import { play } from './play.js'
import { seedOf } from './random.js'
import { addCounts, type Counts } from './rule-names.js'
import type { Break } from './scene.js'
import { printStep } from './schedule.js'
import { shrink } from './shrink.js'
import { USUAL } from './traits.js'

/** Worlds `from` to `to` of run `seed`, or one world by seed or plan. `traced`: prints the events of the shortest schedule. */
export type Task =
  | { readonly seed: number; readonly from: number; readonly to: number }
  | { readonly world: number | PlanText; readonly traced: boolean }

/** `worlds`: the number that is done, and how often they checked each rule. */
export type Answer =
  | { readonly worlds: number; readonly counts: Counts }
  | { readonly trace: string }
  | {
      readonly broken: Break
      readonly seed: number
      /** The number of the world in its run; 0 if it was played alone. */
      readonly index: number
      readonly traits: object
      /** The shortest schedule that was found, in sentences. */
      readonly steps: readonly string[]
    }

quickenAborts()
// The warnings of the library's servers about an invalid endpoint.
console.warn = () => undefined
const { page, mostShrunk } = workerData as { readonly page: string; readonly mostShrunk: number }
const makePorts = compilePage(page)
const answer = (text: Answer): void => parentPort?.postMessage(text)
let shrunk = 0

/** The unusual traits of a world. */
const oddOf = ({ traits }: Plan): object =>
  Object.fromEntries(Object.entries(traits).filter(([name, value]) => USUAL[name as keyof typeof USUAL] !== value))

async function run(plan: Plan, counts: Counts, index = 0, trace?: (text: string) => void): Promise<void> {
  const first = await play(plan, makePorts)
  addCounts(counts, first.counts)
  const { broken } = first
  const isWorth = broken && ++shrunk <= mostShrunk
  const shortest = isWorth
    ? await shrink({ plan, broken }, async (one) => (await play(one, makePorts)).broken)
    : { plan, broken }
  if (!shortest.broken && !trace) return
  const { steps } = await play(shortest.plan, makePorts, trace)
  if (!shortest.broken) return
  answer({
    broken: shortest.broken,
    seed: plan.seed,
    index,
    traits: oddOf(shortest.plan),
    steps: isWorth ? steps.map(printStep) : [],
  })
}

parentPort?.on('message', (task: Task) => {
  void (async () => {
    const counts: Counts = {}
    if ('world' in task) {
      const plan = typeof task.world === 'number' ? drawPlan(task.world) : complete(task.world)
      await run(
        plan,
        counts,
        0,
        task.traced
          ? (trace) => {
              answer({ trace })
            }
          : undefined,
      )
      answer({ worlds: 1, counts })
      return
    }
    for (let index = task.from; index < task.to; index++) await run(drawPlan(seedOf(task.seed, index)), counts, index)
    answer({ worlds: task.to - task.from, counts })
  })()
})
