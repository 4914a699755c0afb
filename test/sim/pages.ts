/** Pages that open and close, their events, and their promises. */
import { createSessionWith } from '../../src/testing.js'
import { START } from '../../src/testing/time.js'
import { isSessionError } from '../../src/errors.js'
import { followHolds, idOf, isAtWork, type Actor } from './actor.js'
import { listenAsCaller } from './callers.js'
import { connectIn } from './connections.js'
import { guessed, hinted, isOutOfOrder, look, noteApart, onItsWay, sign } from './rules.js'
import { KEY, type Scene } from './scene.js'
import { idIn, skewIn } from './touch.js'
import { MARK } from './servers.js'

/** How long a promise may take while its page runs, in ms: the sum of the limits on its way, and a little more. */
const LIMITS = {
  getAccessToken: 65e3,
  signIn: 30e3,
  setTokens: 30e3,
  adoptPage: 30e3,
  signOut: 20e3,
  extend: 35e3,
  verify: 70e3,
  authorize: 65e3,
}

/** How long the page has run, in the middle of a step of the world as well. */
export const ranBy = (scene: Scene, { page }: Actor): number =>
  (scene.ran.get(page) ?? 0) + scene.now() - scene.passingSince

/** Watches a promise until it settles: it settles in time (I8), has a code if it rejects (I12), and shows no token (I9). */
export function watch<T>(
  scene: Scene,
  actor: Actor,
  what: keyof typeof LIMITS,
  promise: Promise<T>,
  then?: (value: T) => void,
): void {
  const pending = { what, ranAt: ranBy(scene, actor), limit: LIMITS[what] }
  actor.pending.add(pending)
  promise
    .then(
      (value) => {
        if (!actor.page.gone) then?.(value)
      },
      (error: unknown) => {
        scene.must('I12: errors have a code', isSessionError(error), () => `${what}() rejects with ${String(error)}`)
        const text = `${String(error)}${JSON.stringify(error)}${String((error as Error).cause)}`
        scene.must('I9: no token in an error', !text.includes(MARK), () => `${what}(): ${text}`)
      },
    )
    .finally(() => actor.pending.delete(pending))
}

/** Opens a page, or a second session object on one. `isBare`: it imports neither server nor token store. */
export function open(scene: Scene, page = scene.world.page(), isBare = false): Actor {
  const { traits } = scene
  const now = scene.now()
  // The clock was set back a moment ago, and the record of the tab that saw it has not reached this page yet.
  for (const { at, by } of scene.jumps)
    if (by < 0 && now - at < onItsWay(scene))
      for (const life of scene.lives.values()) {
        life.signAt = now
        life.putOff -= by
      }
  const actor: Actor = {
    name: `${page.name}${[...scene.actors].some((other) => other.page === page) ? ' again' : ''}`,
    page,
    session: undefined as never,
    bornAt: now,
    isBare,
    seen: { phase: 'loading' },
    last: '',
    over: new Set(),
    awakeSince: now,
    unaware: false,
    warnedSince: null,
    aliveSince: now,
    sound: scene.world.storage.isAvailable && !scene.world.storage.full,
    half: scene.world.storage.full,
    lateUntil: -Infinity,
    pending: new Set(),
    holds: [],
    data: [],
    extending: 0,
    signingIn: { users: 0, visitors: 0 },
    wantedAt: -Infinity,
    refreshedAt: -Infinity,
    connectingSince: null,
    adopted: { at: -Infinity, from: null },
    steppedAt: now,
    inputAt: -Infinity,
    destroyedAt: null,
    hears: 'out',
    deafSince: null,
    rendered: { phase: 'loading' },
    staleSince: null,
    signsOut: false,
    record: null,
  }
  const session = createSessionWith(page.ports, {
    idleTimeout: traits.idle,
    warnBefore: traits.warnBefore,
    absoluteTimeout: traits.absolute,
    activityDuringWarning: traits.activityExtends ? 'extend' : 'ignore',
    stalePage: traits.reloads ? 'reload' : 'event',
    ...(!isBare && { tokenStore: scene.storeOf(page), server: scene.servers.of(actor) }),
  })
  Object.assign(actor, { session })
  scene.actors.add(actor)
  noteApart(scene)
  listen(scene, actor)
  listenAsCaller(scene, actor)
  look(scene)
  hinted(scene, actor)
  connectIn(scene, actor)
  return actor
}

/** True if both sessions have begun, and the clock was set back after the first of them did. */
function wasSetBackSince({ lives, jumps }: Scene, ...ids: readonly string[]): boolean {
  const begun = ids.flatMap((id) => lives.get(id)?.startedAt ?? [])
  return begun.length === ids.length && jumps.some(({ at, by }) => by < 0 && at >= Math.min(...begun))
}

/** Storage works again for this tab, which now makes up for writes that failed. */
function heal(scene: Scene, actor: Actor, cause: string): void {
  const { isAvailable: works, full } = scene.world.storage
  if (!works || full) return
  const { id = '', reason } = actor.record ?? {}
  // A page that crashed in this very step may not have written.
  const isHere = !actor.page.gone
  if (reason && isHere) {
    const text = scene.world.storage.of(actor.page).getItem(`${KEY}:end`)
    scene.must(
      'I5: an end is written',
      !!text?.includes(id),
      () => `${actor.name} ended ${id}, and storage says ${text}`,
      {
        // A step that another tab caused corrects nothing in storage, and there is an end as well.
        'another tab wrote the end of a session that knows other changes of the clock':
          ['storage', 'channel'].includes(cause) && (wasSetBackSince(scene, id, idIn(text)) || skewIn(text) > 0),
      },
    )
  }
  const life = scene.lives.get(id)
  if (life?.ended && !life.ended.sound && reason && isHere) life.ended = { ...life.ended, at: scene.now(), sound: true }
  actor.sound = true
  actor.half = false
}

/** The changes of a record as text, with instants in ms since the world began. */
function newsOf(was: object | null, is: object | null): string {
  const before = Object(was) as Record<string, unknown>
  const news = Object.entries(is ?? {}).filter(([field, value]) => before[field] !== value)
  const text = (value: unknown): string =>
    JSON.stringify(typeof value === 'number' && value > START / 2 ? value - START : value)
  return news.map(([field, value]) => `${field} ${text(value)}`).join(', ')
}

/** Checks the order of events: a session that ends has begun. */
function listen(scene: Scene, actor: Actor): void {
  const { session } = actor
  let told: object | null = null
  const follows = (event: string, makesSense: boolean): void => {
    scene.must(
      'I7: events follow each other in order',
      makesSense,
      () => `${actor.name} hears ${event} while ${actor.hears}`,
    )
  }
  // The session that a page finds when it opens causes no event.
  const find = (): void => {
    const { phase } = session.getSnapshot()
    actor.hears = phase === 'warning' ? 'warned' : phase === 'active' ? 'in' : 'out'
  }
  find()
  if (session.getSnapshot().phase === 'loading') {
    const stop = session.subscribe(() => {
      stop()
      find()
    })
  }
  session.on('signedIn', () => {
    actor.hears = 'in'
  })
  session.on('switched', () => {
    follows('switched', actor.hears !== 'out')
    actor.hears = 'in'
  })
  session.on('signedOut', () => {
    follows('signedOut', actor.hears !== 'out')
    actor.hears = 'out'
  })
  session.on('warning', () => {
    follows('warning', actor.hears !== 'out')
    actor.hears = 'warned'
  })
  session.on('extended', () => {
    follows('extended', actor.hears === 'warned')
    actor.hears = 'in'
  })
  session.on('refreshed', () => {
    actor.refreshedAt = scene.now()
  })
  session.on('refreshFailed', (event) => {
    const text = JSON.stringify([event, event.error.message, String(event.error.cause)])
    scene.must('I9: no token in an event', !text.includes(MARK), () => text)
  })
  session.inspect((step) => {
    // A sleep that the tab has not noticed hides that much of a jump from it, until it can read the record of another tab. A clock
    // that was set forward cannot be distinguished from one.
    const sleptAt = Math.max(scene.sleptAt, ...scene.jumps.map(({ at, by }) => (by > 0 ? at : -Infinity)))
    if (actor.steppedAt <= sleptAt)
      for (const { at, misled } of scene.jumps)
        if (at >= sleptAt && (scene.now() - at < onItsWay(scene) || !scene.world.storage.isAvailable)) misled.add(actor)
    actor.steppedAt = scene.now()
    actor.record = step.record as Actor['record']
    if (step.cause === 'adopted')
      actor.adopted = { at: scene.now(), from: scene.lives.get(idOf(actor.session.getSnapshot()))?.tokenBy ?? null }
    const { users, visitors } = actor.signingIn
    if (step.cause === 'signIn' && actor.record && scene.signIns.size > 0) scene.begun.set(actor.record.id, scene.now())
    if (step.cause === 'signIn' && actor.record && !actor.record.reason)
      if (!visitors) scene.ofUsers.add(actor.record.id)
      else if (!users) scene.ofVisitors.add(actor.record.id)
    if (actor.page.prerendered)
      scene.must('I16: a prerendered page does nothing', !scene.hasty.has(actor.page), () => actor.name)
    else heal(scene, actor, step.cause)
    if (scene.traces) scene.trace(`${actor.name} steps: ${step.cause} ${newsOf(told, step.record as object | null)}`)
    told = step.record as object | null
    // Chromium delivers messages to frozen pages, and work that goes on there is written as well.
    followHolds(actor)
    if (actor.page.frozen && isAtWork(actor)) sign(scene, actor)
    // A step in the very moment of the freeze comes before it.
    if (actor.unaware && !actor.page.frozen) {
      actor.awakeSince = scene.now()
      // A tab that was frozen while the clock was set back knows the size of the jump better than tabs that opened since.
      const life = scene.lives.get(idOf(actor.seen))
      if (life?.putOff) life.signAt = scene.now()
    }
    if (!actor.page.frozen) actor.unaware = false
    if (scene.random.chance(0.02))
      scene.must('I9: no token in a step', !JSON.stringify(step).includes(MARK), () => `of ${actor.name}`)
  })
}

export const pagesOf = (scene: Scene): Set<Actor['page']> => new Set([...scene.actors].map(({ page }) => page))
export const instancesOn = (scene: Scene, { page }: Actor): Actor[] =>
  [...scene.actors].filter((actor) => actor.page === page)

/** The sessions that began before the one that this page finds in storage. */
export function olderThanFound(scene: Scene, { page }: Actor): ReadonlySet<string> {
  const { lives } = scene
  if (!scene.world.storage.isAvailable) return new Set()
  const found = idIn(scene.world.storage.of(page).getItem(KEY))
  // A record that is malformed is not found.
  if ((lives.get(found)?.touchedAt.overwritten ?? -Infinity) >= scene.now() - 2 * onItsWay(scene)) return new Set()
  const ids = [...lives.keys()]
  return new Set(ids.slice(0, Math.max(0, ids.indexOf(found))))
}

/** Checks, after a step that reads storage, that no older session is shown. */
export function notDisplaced(scene: Scene, actor: Actor, older: ReadonlySet<string>): void {
  if (older.size > 0)
    for (const one of instancesOn(scene, actor))
      if (one.destroyedAt === null)
        scene.must(
          'I5: a newer session is not displaced',
          !older.has(idOf(one.session.getSnapshot())),
          () => `${one.name} shows ${idOf(one.session.getSnapshot())} beside a newer one in storage`,
          {
            'a clock was set back, and storage was emptied since': isOutOfOrder(scene, idOf(one.session.getSnapshot())),
          },
        )
}

/** Sends a hint to the page, so that all its sessions take a step. */
export function hint(scene: Scene, actor: Actor, cause: string): void {
  if (actor.page.gone || actor.page.frozen) return
  const older = olderThanFound(scene, actor)
  actor.page.hint(cause)
  // The step after a blur comes in a task of its own.
  if (cause === 'blur') return
  notDisplaced(scene, actor, older)
  for (const one of instancesOn(scene, actor)) hinted(scene, one)
}

/** Removes the actors whose page is gone, with their promises. */
export function bury(scene: Scene): void {
  for (const actor of [...scene.actors]) if (actor.page.gone) scene.actors.delete(actor)
}

/** Opens a prerendered page. */
export function activate(scene: Scene, actor: Actor): void {
  if (!actor.page.prerendered) return
  const older = olderThanFound(scene, actor)
  actor.page.activate()
  notDisplaced(scene, actor, older)
  for (const one of instancesOn(scene, actor)) {
    // Until now the page showed a guess.
    one.awakeSince = one.aliveSince = scene.now()
    const life = scene.lives.get(idOf(one.seen))
    if (life) guessed(scene, one, life)
    hinted(scene, one)
  }
}

/** Notes that time passed without this page, or an unknown amount of it, so that it may miss a warning. */
export const interrupt = (scene: Scene, actor: Actor): void => {
  for (const one of instancesOn(scene, actor)) one.awakeSince = scene.now()
}

/** Ends the throttling. Timers that were set before keep their grid, and are late. */
export function unthrottle(scene: Scene, actor: Actor): void {
  const { page } = actor
  // They may have been set during another throttling.
  const late = page.timersEvery ? 6e4 : 0
  page.timersEvery = 0
  for (const one of instancesOn(scene, actor)) {
    one.awakeSince = scene.now()
    one.lateUntil = Math.max(one.lateUntil, (scene.ran.get(page) ?? 0) + late)
  }
  // Throttling ends because the page is shown.
  hint(scene, actor, 'visibilitychange')
}
