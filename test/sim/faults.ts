/** What may go wrong around the tabs: storage that others touch, and a clock that somebody sets. */
import { idOf, isAwake, type Actor } from './actor.js'
import { hint } from './pages.js'
import { pick } from './random.js'
import { KEY, type Scene } from './scene.js'

/** Storage is touched by somebody else. */
export const tamper = (scene: Scene): void => {
  scene.tamperedAt = scene.now()
  // What the server told may be lost with it.
  for (const life of scene.lives.values()) life.told = null
}

export function poison(scene: Scene, actor: Actor, how: number): void {
  const { storage } = scene.world
  const disk = storage.of(actor.page)
  const write = (key: string, text: string): void => {
    try {
      disk.setItem(key, text)
    } catch {
      // Then there is nothing to poison.
    }
  }
  const record = storage.stored.get(KEY)?.startsWith('{') ? storage.stored.get(KEY) : undefined
  const fields = (more: object): string => JSON.stringify({ ...(JSON.parse(record ?? '{}') as object), ...more })
  const ahead = scene.world.time.clock().wall + 9e7
  const ways: (() => void)[] = [
    () => write(KEY, 'junk'),
    () => write(KEY, '{}'),
    () => write(KEY, '[]'),
    () => write(`${KEY}:end`, '{"id":7}'),
    () => write(`${KEY}:end`, 'null'),
    () => write(KEY, fields({ __proto__: { phase: 'active' }, activeAt: ahead })),
    () => write(KEY, fields({ activeAt: ahead })),
    () => write(KEY, fields({ activeAt: Number.MAX_VALUE, serverIdleEndsAt: ahead })),
    () => write(KEY, fields({ startedAt: ahead })),
    () => write(KEY, fields({ serverAt: ahead, serverIdleEndsAt: ahead * 2 })),
    () => write(KEY, fields({ retryAt: ahead })),
    () => write(KEY, fields({ toldAt: ahead, askedAt: ahead })),
    () => write(KEY, fields({ generation: '7', skew: -5 })),
    () => write(KEY, fields({ 'of a newer version': [1, { deep: true }] })),
  ]
  // It is to survive that.
  scene.doomed.delete(actor.page)
  pick(ways, how)()
  // Whoever wrote it looks at once, and puts it right before any new page could believe it.
  hint(scene, actor, 'focus')
}

export function setClock(scene: Scene, by: number): void {
  const witness = [...scene.actors].find(
    (actor) =>
      isAwake(actor) &&
      !!idOf(actor.session.getSnapshot()) &&
      actor.sound &&
      scene.world.storage.works &&
      (scene.traits.windows || actor.steppedAt > scene.sleptAt),
  )
  scene.world.setClock(by)
  scene.jumps.push({ at: scene.now(), by, misled: new Set() })
  for (const actor of scene.actors) actor.unaware = true
  if (witness) hint(scene, witness, 'focus')
  // Who sees it may crash before it is written down.
  if (by < 0 && (!witness || witness.page.gone)) unsee(scene, by)
}

/** Nobody knows that the clock was set back. */
export function unsee(scene: Scene, by: number): void {
  for (const life of scene.lives.values()) {
    life.unseen = true
    life.putOff -= by
  }
}

export const setStorage = (works: boolean, full: boolean): ((scene: Scene) => void) => {
  return (scene) => {
    Object.assign(scene.world.storage, { works, full })
    tamper(scene)
    // What lies there is not what happened since.
    if (works) scene.apartAt = scene.now()
    for (const actor of scene.actors) {
      if (!works || full) actor.sound = false
      if (full) actor.half = true
    }
    if (scene.traits.store === 'local') scene.storeFaultAt = scene.now()
  }
}
