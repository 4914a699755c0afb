import type { Plan } from './plan.js'
import type { Break } from './scene.js'
import { USUAL, type Traits } from './traits.js'

/** The smallest plan that was found, and the rule that it breaks. */
export interface Shrunk {
  readonly plan: Plan
  readonly broken: Break
}

/**
 * Removes or normalises everything that the break of the same rule does not need: steps, halves of them first; then unusual traits;
 * then waits. `plays`: the largest number of worlds for that.
 */
export async function shrink(
  first: Shrunk,
  play: (plan: Plan) => Promise<Break | null>,
  plays = 1500,
): Promise<Shrunk> {
  let best: Shrunk = { ...first, plan: { ...first.plan, steps: first.plan.steps.slice(0, first.broken.step) } }
  let left = plays

  const attempt = async (more: Partial<Plan>): Promise<boolean> => {
    if (left-- <= 0) return false
    const plan = { ...best.plan, ...more }
    const broken = await play(plan)
    if (broken?.rule !== first.broken.rule) return false
    best = { plan, broken }
    return true
  }
  const fewerSteps = async (): Promise<void> => {
    for (let size = Math.ceil(best.plan.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      for (let from = best.plan.steps.length - size; from > -size; from -= size) {
        const at = Math.max(0, from)
        await attempt({ steps: best.plan.steps.toSpliced(at, size) })
      }
  }
  const plainerTraits = async (): Promise<void> => {
    for (const name of Object.keys(USUAL) as (keyof Traits)[])
      if (best.plan.traits[name] !== USUAL[name])
        await attempt({ traits: { ...best.plan.traits, [name]: USUAL[name] } })
  }
  const shorterWaits = async (): Promise<void> => {
    for (let at = 0; at < best.plan.steps.length; at++)
      for (const wait of [0, 1e3, 6e4]) {
        const step = best.plan.steps[at]
        if (step && step.wait > wait && (await attempt({ steps: best.plan.steps.with(at, { ...step, wait }) }))) break
      }
  }

  await fewerSteps()
  await plainerTraits()
  await shorterWaits()
  await fewerSteps()
  return best
}
