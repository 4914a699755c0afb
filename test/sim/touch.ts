/** Changes of storage by other code are noted by session and by key, so that they excuse nothing else. */
import { UNTOUCHED, type Touch } from './life.js'
import { KEY, type Scene } from './scene.js'

const read = (text: string | null | undefined): { readonly id?: unknown; readonly skew?: unknown } => {
  try {
    return Object(JSON.parse(text ?? '')) as object
  } catch {
    return {}
  }
}

/** The id in a text of storage. */
export const idIn = (text: string | null | undefined): string => {
  const { id } = read(text)
  return typeof id === 'string' ? id : ''
}

/** How much shared time adds to the wall clock by this text, ms: it is left out where that is nothing. */
export const skewIn = (text: string | null): number => Number(read(text).skew ?? 0)

/** The ids of the sessions in storage now. */
export const named = ({ world: { storage } }: Scene): { readonly record: string; readonly end: string } => ({
  record: idIn(storage.stored.get(KEY)),
  end: idIn(storage.stored.get(`${KEY}:end`)),
})

/** When other code last changed session `id`. No tab need have shown it by then: its tokens are stored first. */
export function touchedAt({ touched }: Scene, id: string): Record<Touch, number> {
  const at = touched.get(id) ?? { ...UNTOUCHED }
  touched.set(id, at)
  return at
}

/** Notes that other code changed session `id` in storage in these ways. */
export function touch(scene: Scene, id: string, ...what: readonly Touch[]): void {
  for (const one of what) touchedAt(scene, id)[one] = scene.now()
  const life = scene.lives.get(id)
  // The ends from the server may be lost with it.
  if (life && what.includes('overwritten')) life.told = null
}

/** Notes that the store has lost the tokens of all sessions except `kept`. */
export function rob(scene: Scene, kept?: string): void {
  for (const id of [...scene.lives.keys(), ...scene.familiesOf.keys()]) if (id !== kept) touch(scene, id, 'robbed')
}

/** Notes that other code has emptied storage. */
export function remove(scene: Scene, empty: () => void): void {
  const { record, end } = named(scene)
  touch(scene, record, 'removed', 'overwritten')
  // For a tab that does not know yet that its session was replaced, or overwritten by junk, that session was removed.
  const isFull = scene.world.storage.stored.has(KEY)
  for (const { id, ended } of scene.lives.values())
    if (isFull && id !== record) touch(scene, id, 'removed', ...(ended ? [] : (['overwritten'] as const)))
  touch(scene, end, 'removed', 'exhumed')
  empty()
}
