/** What somebody else does to storage is remembered by session and by key: it excuses nothing else. */
import { UNTOUCHED, type Touch } from './life.js'
import { KEY, type Scene } from './scene.js'

/** The ids that a text of storage names. */
export function idIn(text: string | null | undefined): string {
  try {
    return String((JSON.parse(text ?? '') as { id?: unknown }).id)
  } catch {
    return ''
  }
}

/** What storage says now, by the ids of sessions. */
export const named = ({ world: { storage } }: Scene): { readonly record: string; readonly end: string } => ({
  record: idIn(storage.stored.get(KEY)),
  end: idIn(storage.stored.get(`${KEY}:end`)),
})

/** When somebody else last did what to session `id`, which need not have been shown by then: its tokens are stored first. */
export function touchedAt({ touched }: Scene, id: string): Record<Touch, number> {
  const at = touched.get(id) ?? { ...UNTOUCHED }
  touched.set(id, at)
  return at
}

/** Somebody else did this to what storage says of session `id`. */
export function touch(scene: Scene, id: string, ...what: readonly Touch[]): void {
  for (const one of what) touchedAt(scene, id)[one] = scene.now()
  const life = scene.lives.get(id)
  // What the server told may be lost with it.
  if (life && what.includes('overwritten')) life.told = null
}

/** The tokens of all sessions are gone from the store, but for those of session `kept`. */
export function rob(scene: Scene, kept?: string): void {
  for (const id of [...scene.lives.keys(), ...scene.familiesOf.keys()]) if (id !== kept) touch(scene, id, 'robbed')
}

/** Storage is emptied by somebody else. */
export function remove(scene: Scene, empty: () => void): void {
  const { record, end } = named(scene)
  touch(scene, record, 'removed', 'overwritten')
  // To a tab that has not heard yet that its session was replaced, that one was removed.
  for (const { id, ended } of scene.lives.values())
    if (record && id !== record && !ended) touch(scene, id, 'removed', 'overwritten')
  touch(scene, end, 'removed', 'exhumed')
  empty()
}
