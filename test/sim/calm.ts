import type { SessionError } from '../../src/errors.js'
import { dataLeft, writeData } from './data.js'
import { isAwake, idOf, type Actor } from './actor.js'
import { activate, bury, hint, open, unthrottle } from './pages.js'
import { tokensNextDoor } from './neighbour.js'
import { pass, tidy } from './play.js'
import { mendStore, setStorage } from './faults.js'
import { isMisled, isTorn, look, hasStoreFailed, wereTogether } from './rules.js'
import { KEY, type Scene } from './scene.js'
import { MARK } from './servers.js'

const isBroken = ({ broken }: Scene): boolean => broken !== null

/** The actors that must agree, because they can read the same storage. */
const together = (scene: Scene): Actor[] => [...scene.actors].filter((actor) => isAwake(actor) && actor.sound)

const everybodyLooks = (scene: Scene): void => {
  for (const actor of scene.actors) hint(scene, actor, 'focus')
}

/** I6: tabs that read the same storage agree within one hint. */
async function agree(scene: Scene, when: string): Promise<void> {
  await pass(scene, 2e3)
  let difference = ''
  for (let round = 0; round < 3; round++) {
    everybodyLooks(scene)
    difference = disagreement(scene, together(scene))
    if (!difference) break
    // A result of the hint itself, such as a reply of the server, is on its way to the others.
    await pass(scene, scene.traits.lag + scene.traits.network + 50)
  }
  const actors = together(scene)
  if (actors.length < 2) return
  const ids = new Set(actors.map((actor) => idOf(actor.session.getSnapshot())))
  const startedAt = Math.max(...[...ids].map((id) => scene.lives.get(id)?.startedAt ?? 0))
  const informed = actors.filter((actor) => !isMisled(scene, actor, startedAt))
  scene.must('I6: tabs agree', !difference, () => `${when}: ${difference}`, {
    // Of the same session, such a tab warns later than the others, and these end it.
    'a clock was set back unseen': ids.size === 1 && informed.length < actors.length && !disagreement(scene, informed),
  })
}

function disagreement(scene: Scene, actors: readonly Actor[]): string {
  // An instant that was written before a clock was set is read by the present clock.
  const moved = scene.jumps.length > 0 ? { startedAt: 0, endedAt: 0 } : { startedAt: 0 }
  // A page without the server cannot move an end that the server has set, and shows that.
  const isMixed = scene.traits.keepAlive && [...scene.actors].some(({ isBare }) => isBare)
  const byServer = isMixed ? { endsBy: '', canExtend: false } : {}
  const pictures = actors.map(({ session }) => {
    const snapshot = session.getSnapshot()
    const id = idOf(snapshot)
    // A page that opened after an unseen jump of the clock cannot know its size, so that only the session is the same.
    return scene.lives.get(id)?.putOff ? { id } : { ...snapshot, ...moved, ...byServer }
  })
  return new Set(pictures.map((picture) => JSON.stringify(picture))).size > 1 ? JSON.stringify(pictures) : ''
}

/** The value of a promise, or `no: ` and the code of its error. */
async function settle<T>(scene: Scene, promise: Promise<T>, limit: number): Promise<T | string> {
  const result: { is?: T | string } = {}
  promise.then(
    (value) => {
      result.is = value
    },
    (error: unknown) => {
      result.is = `no: ${(error as { code?: string }).code ?? String(error)}`
    },
  )
  for (let spent = 0; !('is' in result) && spent < limit; spent += 500) await pass(scene, 500)
  scene.must('I8: promises settle when faults stop', 'is' in result, () => `not within ${limit} ms`)
  return result.is ?? ''
}

/** Faults stop. Then all tabs must agree in bounded time, work, and leave nothing behind. */
export async function calm(scene: Scene): Promise<void> {
  const { world, servers, traits } = scene
  // Storage that is denied from the start stays denied.
  setStorage(traits.storage, false)(scene)
  Object.assign(world.storage, { lag: () => scene.random.next() * traits.lag, delay: 2 })
  Object.assign(world.channel, { delay: 2 })
  mendStore(scene)
  servers.weather = 'fine'
  scene.isCalm = true
  scene.doomed.clear()
  scene.lying.clear()
  for (const actor of scene.actors) {
    const { page } = actor
    if (page.frozen || page.timersEvery) actor.unaware = true
    if (page.cached && !page.comeBack()) continue
    const isFrozen = page.frozen
    page.frozen = false
    if (isFrozen) hint(scene, actor, 'resume')
    activate(scene, actor)
    look(scene)
    unthrottle(scene, actor)
    Object.assign(page, { online: true, framed: false, activated: false })
    for (const { release } of actor.holds.splice(0)) release()
    actor.awakeSince = scene.now()
  }
  bury(scene)
  everybodyLooks(scene)
  tidy(scene)
  if (isBroken(scene)) return

  // Longer than any limit, and than any back-off.
  for (let i = 0; i < 3; i++) {
    await pass(scene, 25e3)
    tidy(scene)
  }
  if (scene.actors.size === 0) open(scene)
  await agree(scene, 'after the storm')
  if (isBroken(scene)) return
  await leftBehind(scene)
  await handOut(scene)
  await tokensNextDoor(scene, (promise) => settle(scene, promise, 70e3))
  const family = await signInAnew(scene)
  if (isBroken(scene)) return
  await signOutAll(scene, family)
}

/** Pages without tokens leave the tokens of a session that ends there, and the next page with tokens removes them. */
async function leftBehind(scene: Scene): Promise<void> {
  for (const { page, isBare } of scene.actors) if (isBare) page.close()
  bury(scene)
  // If a session ends later, the page removes the tokens of that session alone.
  const found = open(scene).session.getSnapshot()
  await pass(scene, 5e3)
  const isOver = [...scene.actors].every(({ session }) => session.getSnapshot().phase === 'signedOut')
  if (found.phase !== 'signedOut' || !isOver || scene.traits.store !== 'shared') return
  scene.must('I9: no token lies there while nobody is signed in', !scene.world.tokens.stored, () => 'tokens are left', {
    // A page that cannot read the record removes nothing.
    'storage is denied': !scene.traits.storage,
  })
}

/** Tabs that share tokens get the same one. */
async function handOut(scene: Scene): Promise<void> {
  const { traits } = scene
  if (!scene.servers.usesTokens || traits.store === 'memory') return
  const actors = together(scene)
  const askedAt = scene.now()
  for (const actor of actors) actor.wantedAt = askedAt
  const ask = async (): Promise<string | string[]> => {
    const answers = actors.map(({ session }) =>
      session.getAccessToken().catch((error: unknown) => {
        const { code, retryAt } = error as SessionError
        // All tabs wait until then. Only the tab that called last knows the reason.
        return `no: ${retryAt === undefined ? code : 'not yet'}`
      }),
    )
    return settle(scene, Promise.all(answers), 70e3)
  }
  // Twice: a tab may have crashed between writing the store and the record, and the tab that finds the tokens updates the record.
  await ask()
  await pass(scene, 1e3)
  const texts = await ask()
  const since = [...scene.lives.values()].at(-1)?.signInAt ?? 0
  const isAnswered = typeof texts !== 'string'
  if (!isAnswered || texts.length < 2) return
  scene.must(
    'I6: tabs get tokens of the same grant',
    // One tab may have its token while another is still in a background refresh: both tokens are valid.
    new Set(texts.map((text) => scene.servers.tokenOf(text)?.family ?? text)).size <= 1,
    () => texts.join(', '),
    {
      'locks do not work': traits.locks !== 'work',
      'web storage has no transactions': isTorn(scene),
      // The tab may have removed the tokens without storing new ones.
      'a tab crashed as it signed in': scene.signIns.size > 0,
      // Tabs with a different time may disagree on whether a token is valid.
      'a clock was set back unseen': scene.jumps.some(({ by, slept }) => by < 0 && !!slept),
      'the token store failed': hasStoreFailed(scene, since),
      'tabs were apart': !wereTogether(scene, since),
      // Some calls may have returned before the end, and some after it.
      'the session ended meanwhile': [...scene.lives.values()].some(({ ended }) => ended && ended.at >= askedAt),
    },
  )
}

/** Tabs other than `actor` that share tokens with it will ask for one when they hear of the next sign-in. Fills what it returns: codes, or nothing. */
function askAtOnce(scene: Scene, actor: Actor): Promise<string>[] {
  const answers: Promise<string>[] = []
  const { store, storage } = scene.traits
  if (!scene.servers.usesTokens || store === 'memory' || !storage) return answers
  for (const other of scene.actors) {
    if (other.page === actor.page || other.isBare || !isAwake(other)) continue
    const stop = other.session.on('signedIn', () => {
      stop()
      other.wantedAt = scene.now()
      answers.push(
        other.session.getAccessToken().then(
          () => '',
          (error: unknown): string => (error as SessionError).code,
        ),
      )
    })
  }
  return answers
}

/** The next sign-in always works, in every tab. Returns the family of its tokens if all tabs share them. */
async function signInAnew(scene: Scene): Promise<string> {
  const actor = [...scene.actors].find((one) => isAwake(one)) ?? open(scene)
  const { grant, tokens } = scene.servers.grant('zoe')
  const signIn = { at: scene.now(), page: actor.page }
  scene.signIns.add(signIn)
  const asked = askAtOnce(scene, actor)
  const done = await settle(scene, actor.session.signIn(tokens, { login: `login-${grant.family}` }), 30e3)
  look(scene)
  scene.signIns.delete(signIn)
  scene.must('I6: a new sign-in succeeds', !done, () => String(done))
  await agree(scene, 'after a new sign-in')
  const answers = await settle(scene, Promise.all(asked), 70e3)
  if (typeof answers !== 'string' && answers.length > 0)
    scene.must(
      'I6: who asks for a token as soon as a tab shows a new session gets one',
      !answers.includes('no_tokens'),
      () => answers.join(', '),
    )
  for (const other of scene.actors)
    if (other !== actor && isAwake(other) && (scene.traits.storage || scene.traits.channel))
      scene.must(
        'I6: a new sign-in reaches all tabs',
        idOf(other.session.getSnapshot()) === idOf(actor.session.getSnapshot()),
        () => other.name,
      )
  scene.must('I5: a new sign-in takes effect', !!idOf(actor.session.getSnapshot()), () => actor.name)
  if (!scene.servers.usesTokens) return ''
  actor.wantedAt = scene.now()
  const text = await settle(scene, actor.session.getAccessToken(), 70e3)
  scene.must(
    'I5: a new sign-in has tokens of its own',
    scene.servers.tokenOf(text)?.family === grant.family,
    () => text,
  )
  const isShared = scene.traits.store === 'shared' && scene.traits.server !== 'gateway' && scene.traits.storage
  return isShared ? grant.family : ''
}

/** A sign-out leaves nothing behind: no session, no token, no timer, no lock. */
async function signOutAll(scene: Scene, family: string): Promise<void> {
  const actor = [...scene.actors].find((one) => isAwake(one))
  if (!actor) return
  // Mostly in the middle of a refresh.
  if (family) {
    for (const other of scene.actors)
      if (isAwake(other) && scene.random.chance(0.5)) {
        other.wantedAt = scene.now()
        other.session.getAccessToken({ forceRefresh: true }).catch(() => undefined)
      }
    await pass(scene, scene.random.next() * 2 * scene.traits.network)
  }
  // Without storage, a tab that missed a message may have another session.
  const id = idOf(actor.session.getSnapshot())
  const apart = [...scene.actors].filter(({ sound, session }) => !sound && idOf(session.getSnapshot()) !== id)
  for (const life of scene.lives.values()) life.signOutCalled = true
  writeData(scene, actor)
  actor.signsOut = true
  await settle(scene, actor.session.signOut(), 20e3)
  await agree(scene, 'after a sign-out')
  await pass(scene, 30e3)
  for (const other of scene.actors) {
    const canKnow = scene.traits.storage || scene.traits.channel
    if (!isAwake(other) || !canKnow || apart.includes(other)) continue
    scene.must(
      'I2: a sign-out reaches all tabs',
      !idOf(other.session.getSnapshot()),
      () => `${other.name} is still signed in`,
    )
    const sessions = [...scene.actors].filter(({ page, destroyedAt }) => page === other.page && destroyedAt === null)
    // A second session in the same page may not have been able to know of the end.
    const excuses = {
      'another session in the page could not know': sessions.some(({ session }) => !!idOf(session.getSnapshot())),
    }
    scene.must('I10: no timers while signed out', other.page.timers() === 0, () => other.name, excuses)
    scene.must(
      'I10: no input listeners while signed out',
      scene.handles.get(other.page)?.size === (scene.traits.connection === 'none' ? 2 : 3) * sessions.length,
      () => other.name,
      excuses,
    )
  }
  const alone = {
    'a tab that could not know goes on': [...scene.actors].some(
      (other) => isAwake(other) && !!idOf(other.session.getSnapshot()),
    ),
  }
  scene.must('I8: locks are released', !scene.world.locks.isHeld(KEY), () => 'a lock is still held')
  const isLeft = !!scene.world.tokens.stored || JSON.stringify([...scene.world.storage.stored]).includes(`${MARK}.f`)
  scene.must('I9: no token is left after the end', !isLeft, () => 'tokens are left', alone)
  const left = dataLeft(scene)
  scene.must('I18: nothing is left of an ended session', left.length === 0, () => left.join())
  if (family)
    scene.must('I9: tokens are revoked at the end', !!scene.servers.grants.get(family)?.revoked, () => family, alone)
}
