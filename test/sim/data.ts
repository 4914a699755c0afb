/** I18: the data that an application keeps for one session by `sessionData`. */
import { sessionData } from '../../src/data.js'
import type { SessionData } from '../../src/types.js'
import { idOf, isAwake, type Actor } from './actor.js'
import { earliestEnd, latestEnd } from './life.js'
import { ignorance, look, onItsWay } from './rules.js'
import type { Scene } from './scene.js'

/** One handle that an application keeps, also after its session. */
export interface Handle {
  readonly data: SessionData
  /** When it last wrote or read data that it may expect to find again, or -Infinity. */
  keptAt: number
}

const KEY = 'draft'
const PREFIX = 'sojourn-data:"session"'

/** Checks a use of the data of a session that is over. */
function used(scene: Scene, actor: Actor, { id }: SessionData, what: string): void {
  look(scene)
  const life = scene.lives.get(id)
  if (actor.page.gone || !life) return
  const latest = latestEnd(life, scene.traits, scene.jumps)
  const late = scene.now() - latest
  scene.must(
    'I18: no data are used past the end',
    late <= 0,
    () => `${actor.name} ${what} data of ${id} ${Math.round(late)} ms past its end`,
    { 'a clock was set back unseen': latest === Infinity },
  )
  scene.must(
    'I18: no data are used after the end was known',
    !life.ended,
    () => `${actor.name} ${what} data of ${id} after it ended (${life.ended?.reason})`,
    ignorance(scene, actor, life),
  )
  scene.must(
    'I18: data are used for the session that is shown',
    idOf(actor.session.getSnapshot()) === id,
    () => `${actor.name} ${what} data of ${id}, and shows ${idOf(actor.session.getSnapshot())}`,
  )
}

/** The application takes a handle if somebody is signed in, and keeps its other handles. */
function take(scene: Scene, actor: Actor): void {
  try {
    const data = sessionData(actor.session)
    if (!actor.data.some((handle) => handle.data.id === data.id)) actor.data.push({ data, keptAt: -Infinity })
    look(scene)
  } catch (error) {
    scene.must('I12: errors have a code', (error as { code?: string }).code === 'signed_out', () => String(error))
  }
}

/** The application uses all its handles, first those that it had: taking one looks at the clock. */
function useAll(scene: Scene, actor: Actor, work: (handle: Handle) => void): void {
  if (!isAwake(actor)) return
  const known = [...actor.data]
  known.forEach(work)
  take(scene, actor)
  for (const handle of actor.data) if (!known.includes(handle)) work(handle)
}

/** The application reads by all its handles. */
export function readData(scene: Scene, actor: Actor): void {
  useAll(scene, actor, (handle) => {
    read(scene, actor, handle)
  })
}

function read(scene: Scene, actor: Actor, handle: Handle): void {
  const { data } = handle
  const text = data.getItem(KEY)
  if (text !== null) {
    const of = text.split(' ', 1)[0] ?? ''
    // A session takes over the data of a visitor, and no other. Its page may have gone before it said that it is of a user.
    const isOfUser = scene.ofUsers.has(data.id) || scene.familiesOf.has(data.id)
    scene.must(
      'I18: data belong to one session',
      of === data.id || (!scene.ofUsers.has(of) && isOfUser),
      () => `${data.id} reads ${text}`,
    )
    used(scene, actor, data, 'reads')
  }
  // A listener of this read may have destroyed the session object.
  if (handle.keptAt > -Infinity && isAwake(actor) && idOf(actor.session.getSnapshot()) === data.id)
    scene.must('I18: data of a live session are not lost', text !== null, () => `${actor.name}: ${data.id}`, {
      'storage is denied': !scene.world.storage.isAvailable || scene.deniedAt >= handle.keptAt,
      'storage was emptied': scene.emptiedAt >= handle.keptAt,
      // It has replaced this one, whose data are gone, and this tab's own write has taken its record away.
      'word of a newer session is on its way': [...scene.lives.values()].some(
        ({ id, startedAt }) =>
          id !== data.id && startedAt >= handle.keptAt && scene.now() - startedAt < onItsWay(scene),
      ),
    })
  handle.keptAt = text === null ? -Infinity : scene.now()
}

/** The application writes by all its handles. */
export function writeData(scene: Scene, actor: Actor): void {
  useAll(scene, actor, (handle) => {
    write(scene, actor, handle)
  })
}

/** A persister with a throttle writes once more after 1.5 s, even if another user is signed in by then. */
export function persistData(scene: Scene, actor: Actor): void {
  writeData(scene, actor)
  scene.world.time.later(actor.page, 1500, () => {
    if (isAwake(actor)) for (const handle of actor.data) write(scene, actor, handle)
  })
}

function write(scene: Scene, actor: Actor, handle: Handle): void {
  const { data } = handle
  try {
    if (!data.setItem(KEY, `${data.id} ${'x'.repeat(scene.step % 7)}`) || actor.page.gone) return
  } catch (error) {
    const isFull = scene.world.storage.full && (error as Error).name === 'QuotaExceededError'
    scene.must('I18: a full disk alone throws', isFull, () => String(error))
    return
  }
  used(scene, actor, data, 'writes')
  handle.keptAt = scene.now()
  scene.must('I18: what is written can be read', data.getItem(KEY) !== null, () => `${actor.name}: ${data.id}`)
}

/** The data of a visitor in their tab, before a user signs in there. */
export interface Kept {
  readonly id: string
  readonly text: string
  /** How many sessions had begun by then, whoever they are of. */
  readonly begun: number
}

/** Null for the session of a user. A session that was given tokens counts as one. */
export function keptByVisitor(scene: Scene, actor: Actor): Kept | null {
  const id = idOf(actor.session.getSnapshot())
  const isOfVisitor = scene.ofVisitors.has(id) && !scene.familiesOf.has(id)
  const handle = actor.data.find(({ data }) => data.id === id)
  const text = isOfVisitor && handle ? handle.data.getItem(KEY) : null
  return text === null ? null : { id, text, begun: scene.begun.size }
}

/** Checks the data after a user has signed in in a tab where a visitor kept some. */
export function takenOver(scene: Scene, actor: Actor, kept: Kept | null, since: number): void {
  const id = idOf(actor.session.getSnapshot())
  if (!kept || !isAwake(actor) || !scene.ofUsers.has(id) || scene.familiesOf.has(kept.id)) return
  const before = scene.lives.get(kept.id)
  take(scene, actor)
  const handle = actor.data.find(({ data }) => data.id === id)
  // The session may have ended in this very moment.
  if (!handle) return
  scene.must(
    'I18: a user takes over what a visitor kept',
    handle.data.getItem(KEY) !== null,
    () => `${actor.name}: ${id} has not taken over ${kept.text}`,
    {
      'storage is denied': !scene.world.storage.isAvailable || scene.world.storage.full || scene.deniedAt >= since,
      'storage was emptied': scene.emptiedAt >= since,
      'another session came in between':
        scene.signIns.size > 1 || scene.signOutAt >= since || scene.begun.size > kept.begun + 1,
      'the end has come': !before || !!before.ended || scene.now() >= earliestEnd(before, scene.traits, scene.jumps),
    },
  )
}

/** The keys of data in storage. */
export const dataLeft = ({ world }: Scene): string[] =>
  [...world.storage.stored.keys()].filter((key) => key.startsWith(PREFIX))
