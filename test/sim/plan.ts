import { actNames, type ActName, weights } from './acts.js'
import { createRandom } from './random.js'
import { drawTraits, USUAL, type Traits } from './traits.js'

/** One thing that happens: after `wait` ms, in one of the tabs, in one of its ways (0 ≤ `how` < 1). */
export interface Step {
  readonly wait: number
  readonly act: ActName
  readonly tab: number
  readonly how: number
}

/** A whole world before it happens. `seed`: what chance there is while it happens. */
export interface Plan {
  readonly seed: number
  readonly traits: Traits
  readonly steps: readonly Step[]
}

const bag: readonly ActName[] = actNames.flatMap((name) => Array<ActName>(weights[name]).fill(name))

export function drawPlan(seed: number): Plan {
  const random = createRandom(seed)
  const traits = drawTraits(random)
  const count = 8 + random.below(25)
  const wait = (): number =>
    Math.round(random.next() * random.pick([0, 20, 20, 3e3, 3e3, 2e4, 6e4, traits.idle / 4, traits.idle]))
  const steps = Array.from({ length: count }, () => ({
    wait: wait(),
    act: random.pick(bag),
    tab: random.below(6),
    how: Math.round(random.next() * 1e3) / 1e3,
  }))
  return { seed, traits, steps }
}

/** A plan as it is written down in failed.json: of its traits only what is odd. */
export interface PlanText {
  readonly seed: number
  readonly traits: Partial<Traits>
  readonly steps: readonly Step[]
}

export const complete = ({ seed, traits, steps }: PlanText): Plan => ({ seed, traits: { ...USUAL, ...traits }, steps })
