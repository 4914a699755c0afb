import type { Actor } from './actor.js'
import { perform } from './acts.js'
import { bury, open } from './pages.js'
import { faultOfImport, type PageScript } from './browser.js'
import { calm } from './calm.js'
import type { Plan } from './plan.js'
import { called, cleared, look, noteApart, told } from './rules.js'
import { createScene, type Break, type Scene } from './scene.js'

/** Lets time pass, and counts for how long each page ran. */
export async function pass(scene: Scene, ms: number): Promise<void> {
  await scene.world.advance(ms)
  for (const page of new Set([...scene.actors].map(({ page }) => page)))
    if (!page.frozen && !page.timersEvery) scene.ran.set(page, (scene.ran.get(page) ?? 0) + ms)
}

/** After each step: pages that are gone, pages that want to be loaded anew, promises that nobody keeps. */
export function tidy(scene: Scene): void {
  bury(scene)
  for (const actor of [...scene.actors]) {
    const { page } = actor
    for (const error of page.reports) scene.fail('I12', `${actor.name} reports ${String(error)}`)
    if (page.page.reloads > 0) {
      page.close()
      bury(scene)
      open(scene)
      continue
    }
    for (const { what, ranAt, limit } of actor.pending)
      if ((scene.ran.get(page) ?? 0) - Math.max(ranAt, actor.lateUntil) > limit)
        scene.fail('I8', `${actor.name} still waits for ${what}()`)
    if (actor.destroyedAt !== null) destroyed(scene, actor)
  }
  noteApart(scene)
}

/** I10: what a destroyed session leaves on its page, once what was under way has had its limit. */
function destroyed(scene: Scene, actor: Actor): void {
  const { page } = actor
  const alone = [...scene.actors].filter((other) => other.page === page).length === 1
  if (!alone) return
  if (scene.handles.get(page)?.size) scene.fail('I10', `${actor.name} listens to something after destroy()`)
  const hasRun = (scene.ran.get(page) ?? 0) - Math.max(actor.destroyedAt ?? 0, actor.lateUntil) > 20e3
  if (hasRun && page.timers() > 0) scene.fail('I10', `${actor.name} has a timer after destroy()`)
  if (hasRun && scene.world.locks.isHeldBy(page)) scene.fail('I10', `${actor.name} holds a lock after destroy()`)
}
/** Plays a plan. Returns the first rule that did not hold, or null. */
export async function play(plan: Plan, script: PageScript, trace?: (text: string) => void): Promise<Break | null> {
  const scene = createScene(plan, script, { look, called, told, cleared }, trace)
  try {
    const fault = faultOfImport(script)
    if (fault) scene.fail('I11', `the import is not quiet: ${fault}`)
    open(scene)
    for (const { wait, act, tab, how } of plan.steps) {
      scene.step++
      await pass(scene, wait)
      tidy(scene)
      const list = [...scene.actors]
      const actor = list[tab % list.length] ?? open(scene)
      scene.trace(`── ${scene.step}. ${act} ${actor.name} ${how}`)
      perform(scene, act, actor, how)
      await pass(scene, 0)
      tidy(scene)
      if (scene.broken) return scene.broken
    }
    scene.step++
    scene.trace('── calm')
    await calm(scene)
  } catch (error) {
    scene.fail(
      'I12',
      `something was thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    )
  }
  return scene.broken
}
