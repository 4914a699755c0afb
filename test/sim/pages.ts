/** Pages that come and go, what they are told, and what they promise. */
import { createSessionWith } from '../../src/testing.js'
import { START } from '../../src/testing/time.js'
import { isSessionError } from '../../src/errors.js'
import { idOf, isAtWork, type Actor } from './actor.js'
import { connectIn } from './connections.js'
import { guessed, hinted, look, noteApart, onItsWay, sign } from './rules.js'
import { KEY, type Scene } from './scene.js'
import { idIn } from './touch.js'
import { MARK } from './servers.js'

/** How long a promise may take while its page runs, ms: the sum of the limits in its way, and a little. */
const LIMITS = {
  getAccessToken: 65e3,
  signIn: 30e3,
  setTokens: 30e3,
  signOut: 20e3,
  extend: 35e3,
  verify: 70e3,
  authorize: 65e3,
}

/** Watches a promise until it settles: nothing waits for ever (I8), nothing fails without a code (I12), nothing tells a token (I9). */
export function watch<T>(
  scene: Scene,
  actor: Actor,
  what: keyof typeof LIMITS,
  promise: Promise<T>,
  then?: (value: T) => void,
): void {
  const pending = { what, ranAt: scene.ran.get(actor.page) ?? 0, limit: LIMITS[what] }
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

/** A page comes to be, or a second session object on one. `isBare`: it imports neither server nor token store. */
export function open(scene: Scene, page = scene.world.page(), isBare = false): Actor {
  const { traits } = scene
  const now = scene.now()
  // The clock was set back a moment ago, and who saw it could not tell this page yet.
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
    steppedAt: now,
    destroyedAt: null,
    hears: 'out',
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
  look(scene)
  hinted(scene, actor)
  connectIn(scene, actor)
  return actor
}

/** Storage works again for this tab: what it could not write before is written now. */
function heal(scene: Scene, actor: Actor): void {
  const { isAvailable: works, full } = scene.world.storage
  if (!works || full) return
  const { id = '', reason } = actor.record ?? {}
  // A page that crashed in this very step may not have come to write.
  const isHere = !actor.page.gone
  if (reason && isHere) {
    const text = scene.world.storage.of(actor.page).getItem(`${KEY}:end`)
    scene.must(
      'I5: an end is written',
      !!text?.includes(id),
      () => `${actor.name} ended ${id}, and storage says ${text}`,
    )
  }
  const life = scene.lives.get(id)
  if (life?.ended && !life.ended.sound && reason && isHere) life.ended = { ...life.ended, at: scene.now(), sound: true }
  actor.sound = true
  actor.half = false
}

/** What is new in a record, its instants in ms since the world began. */
function newsOf(was: object | null, is: object | null): string {
  const before = Object(was) as Record<string, unknown>
  const news = Object.entries(is ?? {}).filter(([field, value]) => before[field] !== value)
  const text = (value: unknown): string =>
    JSON.stringify(typeof value === 'number' && value > START / 2 ? value - START : value)
  return news.map(([field, value]) => `${field} ${text(value)}`).join(', ')
}

/** What listeners hear makes sense as a story: nobody leaves who has not come. */
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
  // What a page finds when it is opened is no news.
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
    // A sleep that it had not seen hides as much of a jump from it as long as it cannot read of that.
    if (actor.steppedAt <= scene.sleptAt)
      for (const { at, misled } of scene.jumps)
        if (at >= scene.sleptAt && (scene.now() - at < onItsWay(scene) || !scene.world.storage.isAvailable))
          misled.add(actor)
    actor.steppedAt = scene.now()
    actor.record = step.record as Actor['record']
    const { users, visitors } = actor.signingIn
    if (step.cause === 'signIn' && actor.record && !actor.record.reason)
      if (!visitors) scene.ofUsers.add(actor.record.id)
      else if (!users) scene.ofVisitors.add(actor.record.id)
    if (actor.page.prerendered)
      scene.must('I16: a prerendered page does nothing', !scene.hasty.has(actor.page), () => actor.name)
    else heal(scene, actor)
    if (scene.traces) scene.trace(`${actor.name} steps: ${step.cause} ${newsOf(told, step.record as object | null)}`)
    told = step.record as object | null
    // Chromium hands messages to frozen pages, and work that goes on there is written down as well.
    if (actor.page.frozen && isAtWork(actor)) sign(scene, actor)
    // What it does in the moment in which it is frozen comes before that.
    if (actor.unaware && !actor.page.frozen) {
      actor.awakeSince = scene.now()
      // Whoever was away while the clock was set back knows better by how much than those who opened since.
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
  // What cannot be read is not found.
  if ((lives.get(found)?.touchedAt.overwritten ?? -Infinity) >= scene.now() - 2 * onItsWay(scene)) return new Set()
  const ids = [...lives.keys()]
  return new Set(ids.slice(0, Math.max(0, ids.indexOf(found))))
}

/** After a look at storage. */
export function notDisplaced(scene: Scene, actor: Actor, older: ReadonlySet<string>): void {
  if (older.size > 0)
    for (const one of instancesOn(scene, actor))
      if (one.destroyedAt === null)
        scene.must(
          'I5: a newer session is not displaced',
          !older.has(idOf(one.session.getSnapshot())),
          () => `${one.name} shows ${idOf(one.session.getSnapshot())} beside a newer one in storage`,
        )
}

/** Everything on this page looks at the clock. */
export function hint(scene: Scene, actor: Actor, cause: string): void {
  if (actor.page.gone || actor.page.frozen) return
  const older = olderThanFound(scene, actor)
  actor.page.hint(cause)
  // What follows from a lost focus is looked at in a turn of its own.
  if (cause === 'blur') return
  notDisplaced(scene, actor, older)
  for (const one of instancesOn(scene, actor)) hinted(scene, one)
}

/** The page is gone, and with it all that it promised. */
export function bury(scene: Scene): void {
  for (const actor of [...scene.actors]) if (actor.page.gone) scene.actors.delete(actor)
}

/** Somebody opens a prerendered page. */
export function activate(scene: Scene, actor: Actor): void {
  if (!actor.page.prerendered) return
  const older = olderThanFound(scene, actor)
  actor.page.activate()
  notDisplaced(scene, actor, older)
  for (const one of instancesOn(scene, actor)) {
    // What it showed until then was a guess.
    one.awakeSince = one.aliveSince = scene.now()
    const life = scene.lives.get(idOf(one.seen))
    if (life) guessed(scene, one, life)
    hinted(scene, one)
  }
}

/** Time went on without this page, or nobody can say how much did: a warning may be missed. */
export const interrupt = (scene: Scene, actor: Actor): void => {
  for (const one of instancesOn(scene, actor)) one.awakeSince = scene.now()
}

/** Timers are on time again; those that were set before keep their grid, and what waits for them is late. */
export function unthrottle(scene: Scene, actor: Actor): void {
  const { page } = actor
  // They may have been set while it was another.
  const late = page.timersEvery ? 6e4 : 0
  page.timersEvery = 0
  for (const one of instancesOn(scene, actor)) {
    one.awakeSince = scene.now()
    one.lateUntil = Math.max(one.lateUntil, (scene.ran.get(page) ?? 0) + late)
  }
  // It is because the page is shown.
  hint(scene, actor, 'visibilitychange')
}
