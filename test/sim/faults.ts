/** Faults outside of the tabs: storage that other code changes, and a clock that is set. */
import { idOf, isAwake, type Actor } from './actor.js'
import { hint } from './pages.js'
import { noteApart, onItsWay } from './rules.js'
import type { Life, Touch } from './life.js'
import { named, touch } from './touch.js'
import { KEY, type Scene } from './scene.js'

/** A text, or fields that replace those of the record, and the effect on the session in storage. */
interface Planted {
  readonly key: 'record' | 'end'
  readonly text: string | ((ahead: number) => object)
  readonly touches: readonly Touch[]
}
const unreadable = (text: Planted['text']): Planted => ({ key: 'record', text, touches: ['overwritten'] })
const end = (text: string): Planted => ({ key: 'end', text, touches: ['exhumed'] })
const fields = (more: (ahead: number) => object, ...touches: readonly Touch[]): Planted => ({
  key: 'record',
  text: more,
  touches: ['planted', ...touches],
})

/** The content that is planted in storage. `ahead`: an instant in the far future. */
export const POISONS: Readonly<Record<string, Planted>> = {
  'junk as the record': unreadable('junk'),
  'an empty record': unreadable('{}'),
  'a list as the record': unreadable('[]'),
  'a number as the id of the end': end('{"id":7}'),
  'null as the end': end('null'),
  'a prototype in the record': unreadable(() => ({ ['__proto__']: { phase: 'active' } })),
  'activity ahead': fields((ahead) => ({ activeAt: ahead }), 'ahead'),
  'activity beyond all dates': unreadable((ahead) => ({ activeAt: Number.MAX_VALUE, serverIdleEndsAt: ahead })),
  'a start ahead': fields((ahead) => ({ startedAt: ahead })),
  'an answer of the server ahead': fields((ahead) => ({ serverAt: ahead, serverIdleEndsAt: ahead * 2 })),
  'a retry ahead': fields((ahead) => ({ retryAt: ahead })),
  'calls to the server ahead': fields((ahead) => ({ toldAt: ahead, askedAt: ahead })),
  'a generation in quotes and a negative skew': unreadable(() => ({ generation: '7', skew: -5 })),
  'a field of a newer version': fields(() => ({ 'of a newer version': [1, { deep: true }] })),
}

export function poison(scene: Scene, actor: Actor, { key, text, touches }: Planted): void {
  const { storage } = scene.world
  const disk = storage.of(actor.page)
  const record = storage.stored.get(KEY)
  const { [key]: id } = named(scene)
  // A tombstone that is on its way to storage is overwritten as it arrives.
  const onTheirWay = [...scene.lives.values()].filter(
    ({ ended }) => key === 'end' && ended && scene.now() <= ended.at + onItsWay(scene),
  )
  const mark = (): void => {
    for (const one of new Set([id, ...onTheirWay.map((life) => life.id)])) touch(scene, one, ...touches)
  }
  const withFields = (more: object): string =>
    JSON.stringify({ ...(record?.startsWith('{') && (JSON.parse(record) as object)), ...more })
  // The page must not crash at this write.
  scene.doomed.delete(actor.page)
  try {
    disk.setItem(
      key === 'record' ? KEY : `${KEY}:end`,
      typeof text === 'string' ? text : withFields(text(scene.world.time.clock().wall + 9e7)),
    )
  } catch {
    // There is nothing to change.
  }
  mark()
  if (actor.page.prerendered) scene.planter = actor
  // The page that wrote takes a step at once, and corrects the record before a new page could read it.
  hint(scene, actor, 'focus')
  mark()
}

export function setClock(scene: Scene, by: number): void {
  const witnesses = [...scene.actors].filter(
    (actor) =>
      isAwake(actor) &&
      // A prerendered page writes nothing about that until it is opened.
      !actor.page.prerendered &&
      !!idOf(actor.session.getSnapshot()) &&
      actor.sound &&
      scene.world.storage.isAvailable &&
      (scene.traits.windows || actor.steppedAt > scene.sleptAt),
  )
  const [witness] = witnesses
  // What no witness has heard of yet is read by the clock that was set.
  const known = new Set(witnesses.map(({ session }) => idOf(session.getSnapshot())))
  const lives = [...scene.lives.values()]
  scene.world.setClock(by)
  // For a tab that has not seen either, a clock that was set forward and back was not set.
  const isBack = by < 0 && (scene.jumps.at(-1)?.by ?? 0) > 0
  const misled = new Set(isBack ? [...scene.actors].filter(({ unaware }) => unaware) : [])
  scene.jumps.push({ at: scene.now(), by, misled })
  for (const actor of scene.actors) actor.unaware = true
  const unheard = lives.filter(({ id }) => !known.has(id))
  if (by < 0) unsee(scene, by, unheard)
  if (witness) hint(scene, witness, 'focus')
  // The tab that sees it may crash before it writes.
  const heard = lives.filter(({ id }) => known.has(id))
  if (by < 0 && witness?.page.gone) unsee(scene, by, heard)
}

/** Marks that no tab knows that the clock was set back, for all sessions or for these. */
export function unsee(scene: Scene, by: number, lives: Iterable<Life> = scene.lives.values()): void {
  for (const life of lives) {
    life.unseen = true
    life.putOff -= by
  }
}

/** The token store works again. */
export function mendStore(scene: Scene): void {
  scene.world.tokens.fault = () => 'works'
  if (scene.isStoreFaulty) scene.storeFaultAt = scene.now()
  scene.isStoreFaulty = false
}

export const setStorage = (works: boolean, full: boolean): ((scene: Scene) => void) => {
  return (scene) => {
    const { storage } = scene.world
    const fails = !works || full
    // A page that opens now misses what cannot be written, and later finds an old record.
    if (fails || !storage.isAvailable || storage.full) {
      scene.deniedAt = scene.now()
      for (const life of scene.lives.values()) life.told = null
      if (works) scene.apartAt = scene.now()
      if (scene.traits.store === 'local') scene.storeFaultAt = scene.now()
    }
    Object.assign(storage, { works, full })
    if (fails)
      for (const actor of scene.actors) {
        actor.sound = false
        if (full) actor.half = true
      }
    noteApart(scene)
  }
}
