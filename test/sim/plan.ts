import { actNames, acts, type ActName } from './acts.js'
import { createRandom } from './random.js'
import { ANY, readStep, type Step } from './schedule.js'
import { drawTraits, USUAL, type Traits } from './traits.js'

/** The plan of a world. `seed`: for the random numbers while it is played. */
export interface Plan {
  readonly seed: number
  readonly traits: Traits
  readonly steps: readonly Step[]
}

const bag: readonly ActName[] = actNames.flatMap((name) => Array<ActName>(acts[name].weight).fill(name))

export function drawPlan(seed: number): Plan {
  const random = createRandom(seed)
  const traits = drawTraits(random)
  const count = 8 + random.below(25)
  const drawWait = (): number =>
    Math.round(random.next() * random.pick([0, 20, 20, 3e3, 3e3, 2e4, 6e4, traits.idle / 4, traits.idle]))
  const steps = Array.from({ length: count }, () => {
    const wait = drawWait()
    const act = random.pick(bag)
    const tab = `tab ${1 + random.below(6)}`
    const way = acts[act].draw(random.next(), traits)
    return { wait, act, tab: acts[act].isInTab ? tab : ANY, way }
  })
  return { seed, traits, steps }
}

/** A plan in the form of failed.json: only its unusual traits, and its steps as sentences. */
export interface PlanText {
  readonly seed: number
  readonly traits: Partial<Traits>
  readonly steps: readonly string[]
}

export const complete = ({ seed, traits, steps }: PlanText): Plan => ({
  seed,
  traits: { ...USUAL, ...traits },
  steps: steps.map(readStep),
})
