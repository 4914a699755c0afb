import type { Actor } from './actor.js'
import { acts } from './acts.js'
import { bury, instancesOn, open } from './pages.js'
import { faultOfImport, type PageScript } from './browser.js'
import { rested } from './callers.js'
import { calm } from './calm.js'
import type { Plan } from './plan.js'
import { checkConnections } from './connections.js'
import { checkNeighbour } from './neighbour.js'
import { called, cleared, look, noteApart, noteBehind, told } from './rules.js'
import type { Counts, Rule } from './rule-names.js'
import { printStep, type Step } from './schedule.js'
import { createScene, Restless, type Break, type Scene } from './scene.js'

/** Lets time pass, and adds it to the running time of each page that runs. */
export async function pass(scene: Scene, ms: number): Promise<void> {
  scene.passingSince = scene.now()
  await scene.world.advance(ms)
  for (const page of new Set([...scene.actors].map(({ page }) => page)))
    if (!page.frozen && !page.timersEvery && !page.prerendered) scene.ran.set(page, (scene.ran.get(page) ?? 0) + ms)
  scene.passingSince = scene.now()
}

/** After each step: removes pages that are gone, reloads pages that called reload(), and checks promises. */
export function tidy(scene: Scene): void {
  bury(scene)
  for (const actor of [...scene.actors]) {
    const { page } = actor
    // A sign-out that waited until its session object was destroyed is reported, by either session of the page.
    const isDestroyed = instancesOn(scene, actor).some(({ destroyedAt }) => destroyedAt !== null)
    const odd = page.reports.filter((error) => !isDestroyed || (error as { code?: string }).code !== 'signed_out')
    scene.must('I12: nothing is reported', odd.length === 0, () => `${actor.name} reports ${odd.join()}`)
    if (page.page.reloads > 0) {
      page.close()
      bury(scene)
      open(scene)
      continue
    }
    for (const { what, ranAt, limit } of actor.pending)
      scene.must(
        'I8: no promise waits for ever',
        (scene.ran.get(page) ?? 0) - Math.max(ranAt, actor.lateUntil) <= limit,
        () => `${actor.name} still waits for ${what}()`,
      )
    if (actor.destroyedAt !== null) destroyed(scene, actor)
  }
  noteApart(scene)
  noteBehind(scene)
  checkNeighbour(scene)
  checkConnections(scene)
}

/** I10: checks that a destroyed session leaves nothing on its page, once the limits of its calls are over. */
function destroyed(scene: Scene, actor: Actor): void {
  const { page } = actor
  // Listeners and channels of a page do not show to which of its sessions they belong.
  const excuses = {
    'a second session lives in the page': [...scene.actors].some((one) => one !== actor && one.page === page),
  }
  const must = (rule: Rule, holds: boolean): void => {
    scene.must(rule, holds, () => actor.name, excuses)
  }
  must('I10: a destroyed session listens to nothing', !scene.handles.get(page)?.size)
  // A refresh goes on for twice its limit, and the store may take long before and after.
  if ((scene.ran.get(page) ?? 0) - Math.max(actor.destroyedAt ?? 0, actor.lateUntil) <= 40e3) return
  must('I10: a destroyed session has no timer', page.timers() === 0)
  must('I10: a destroyed session holds no lock', !scene.world.locks.isHeldBy(page))
}

/** The result of a world: the first rule that was broken, or null, and how often each rule was checked. */
export interface Played {
  readonly broken: Break | null
  readonly counts: Counts
  /** The plan that was played, each step with its tab. */
  readonly steps: readonly Step[]
}

function actorOf(scene: Scene, tab: string): Actor {
  const list = [...scene.actors]
  const index = Number(/\d+/.exec(tab)?.[0]) - 1
  return list.find(({ name }) => name === tab) ?? list[index % list.length] ?? open(scene)
}

export async function play(plan: Plan, script: PageScript, trace?: (text: string) => void): Promise<Played> {
  const scene = createScene(plan, script, { look, rested, called, told, cleared }, trace)
  const steps: Step[] = []
  let thrown: unknown
  try {
    const fault = faultOfImport(script)
    scene.must('I11: an import touches nothing', !fault, () => fault)
    open(scene)
    for (const step of plan.steps) {
      scene.step++
      await pass(scene, step.wait)
      tidy(scene)
      const actor = actorOf(scene, step.tab)
      steps.push({ ...step, tab: actor.name })
      scene.trace(`── ${scene.step}. ${printStep({ ...step, tab: actor.name })}`)
      acts[step.act].perform(scene, actor, step.way)
      await pass(scene, 0)
      tidy(scene)
      if (scene.broken) break
    }
    if (!scene.broken) scene.step++
    scene.trace('── calm')
    if (!scene.broken) await calm(scene)
  } catch (error) {
    thrown = error
  }
  const isRestless = thrown instanceof Restless
  scene.must('I8: the world comes to rest', !isRestless, () => 'it does not')
  scene.must('I12: nothing is thrown', isRestless || thrown === undefined, () =>
    thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
  )
  return { broken: scene.broken, counts: scene.counts, steps }
}
