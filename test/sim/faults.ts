/** What may go wrong around the tabs: storage that others touch, and a clock that somebody sets. */
import { idOf, isAwake, type Actor } from './actor.js'
import { hint } from './pages.js'
import { KEY, type Scene } from './scene.js'

/** Storage is touched by somebody else. */
export const tamper = (scene: Scene): void => {
  scene.tamperedAt = scene.now()
  // What the server told may be lost with it.
  for (const life of scene.lives.values()) life.told = null
}

type Planted = readonly [key: 'record' | 'end', what: string | ((ahead: number) => object)]

/** What is planted in storage: a text, or fields in place of those of the record. `ahead`: an instant in the far future. */
export const POISONS: Readonly<Record<string, Planted>> = {
  'junk as the record': ['record', 'junk'],
  'an empty record': ['record', '{}'],
  'a list as the record': ['record', '[]'],
  'a number as the id of the end': ['end', '{"id":7}'],
  'null as the end': ['end', 'null'],
  'a prototype and activity ahead': ['record', (ahead) => ({ ['__proto__']: { phase: 'active' }, activeAt: ahead })],
  'activity ahead': ['record', (ahead) => ({ activeAt: ahead })],
  'activity beyond all dates': ['record', (ahead) => ({ activeAt: Number.MAX_VALUE, serverIdleEndsAt: ahead })],
  'a start ahead': ['record', (ahead) => ({ startedAt: ahead })],
  'an answer of the server ahead': ['record', (ahead) => ({ serverAt: ahead, serverIdleEndsAt: ahead * 2 })],
  'a retry ahead': ['record', (ahead) => ({ retryAt: ahead })],
  'calls to the server ahead': ['record', (ahead) => ({ toldAt: ahead, askedAt: ahead })],
  'a generation in quotes and a negative skew': ['record', () => ({ generation: '7', skew: -5 })],
  'a field of a newer version': ['record', () => ({ 'of a newer version': [1, { deep: true }] })],
}

export function poison(scene: Scene, actor: Actor, [key, what]: Planted): void {
  const { storage } = scene.world
  const disk = storage.of(actor.page)
  const record = storage.stored.get(KEY)
  const fields = (more: object): string =>
    JSON.stringify({ ...(record?.startsWith('{') && (JSON.parse(record) as object)), ...more })
  // It is to survive that.
  scene.doomed.delete(actor.page)
  try {
    const text = typeof what === 'string' ? what : fields(what(scene.world.time.clock().wall + 9e7))
    disk.setItem(key === 'record' ? KEY : `${KEY}:end`, text)
  } catch {
    // Then there is nothing to poison.
  }
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
