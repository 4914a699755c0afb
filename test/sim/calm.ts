import { isAwake, idOf, type Actor } from './actor.js'
import { bury, hint, open, unthrottle } from './pages.js'
import { pass, tidy } from './play.js'
import { isTorn, look } from './rules.js'
import { KEY, type Scene } from './scene.js'
import { MARK } from './servers.js'

const isBroken = ({ broken }: Scene): boolean => broken !== null

/** Everybody that must agree: those who can read the same storage. */
const together = (scene: Scene): Actor[] => [...scene.actors].filter((actor) => isAwake(actor) && actor.sound)

const everybodyLooks = (scene: Scene): void => {
  for (const actor of scene.actors) hint(scene, actor, 'focus')
}

/** I6: who reads the same storage agrees within one hint. */
async function agree(scene: Scene, when: string): Promise<void> {
  await pass(scene, 2e3)
  for (let round = 0; round < 3; round++) {
    everybodyLooks(scene)
    if (!disagreement(scene)) return
    // What a look itself brought about, an answer of the server say, is on its way to the others.
    await pass(scene, scene.traits.lag + scene.traits.network + 50)
  }
  scene.fail('I6', `${when} tabs disagree: ${disagreement(scene)}`)
}

function disagreement(scene: Scene): string {
  // What was said of an instant before a clock was set is read by the clock that there is now.
  const moved = scene.jumps.length > 0 ? { startedAt: 0, endedAt: 0 } : { startedAt: 0 }
  const pictures = together(scene).map(({ session }) => {
    const snapshot = session.getSnapshot()
    const id = idOf(snapshot)
    // How far a clock was set back that nobody saw, a page that opened after it cannot know: only its session is the same.
    return scene.lives.get(id)?.putOff ? { id } : { ...snapshot, ...moved }
  })
  return new Set(pictures.map((picture) => JSON.stringify(picture))).size > 1 ? JSON.stringify(pictures) : ''
}

/** What a promise resolves with, or the code that it rejects with, after `no: `. */
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
  if (!('is' in result)) scene.fail('I8', 'a promise does not settle though all is well')
  return result.is ?? ''
}

/** Faults stop. Then all tabs must come together in bounded time, be of use, and leave nothing behind. */
export async function calm(scene: Scene): Promise<void> {
  const { world, servers, traits } = scene
  if (!world.storage.works || world.storage.full) scene.apartAt = scene.now()
  Object.assign(world.storage, { works: true, full: false, lag: () => scene.random.next() * traits.lag, delay: 2 })
  Object.assign(world.channel, { delay: 2 })
  world.tokens.fault = () => 'works'
  servers.weather = 'fine'
  scene.doomed.clear()
  for (const actor of scene.actors) {
    const { page } = actor
    if (page.frozen || page.timersEvery) actor.unaware = true
    if (page.cached && !page.comeBack()) continue
    page.frozen = false
    look(scene)
    unthrottle(scene, actor)
    Object.assign(page, { online: true, framed: false, activated: false })
    for (const release of actor.holds.splice(0)) release()
    actor.awakeSince = scene.now()
  }
  bury(scene)
  everybodyLooks(scene)
  tidy(scene)
  if (isBroken(scene)) return

  // Longer than any limit, and than any back-off in which nobody may ask.
  for (let i = 0; i < 3; i++) {
    await pass(scene, 25e3)
    tidy(scene)
  }
  if (scene.actors.size === 0) open(scene)
  await agree(scene, 'after the storm')
  if (isBroken(scene)) return
  await handOut(scene)
  const family = await signInAnew(scene)
  if (isBroken(scene)) return
  await signOutAll(scene, family)
}

/** Whoever shares tokens gets the same one; nobody gets two answers. */
async function handOut(scene: Scene): Promise<void> {
  const { traits } = scene
  if (!scene.servers.usesTokens || traits.store === 'memory') return
  const actors = together(scene)
  const askedAt = scene.now()
  for (const actor of actors) actor.wantedAt = askedAt
  const ask = async (): Promise<string | string[]> => {
    const answers = actors.map(({ session }) =>
      session.getAccessToken().catch((error: unknown) => `no: ${(error as { code: string }).code}`),
    )
    return settle(scene, Promise.all(answers), 70e3)
  }
  // Twice: a tab may have died between storing tokens and saying so, and whoever finds them first says it.
  await ask()
  await pass(scene, 1e3)
  const texts = await ask()
  if (traits.locks !== 'work' || isTorn(scene)) return
  // A tab that crashed as it signed in may have taken them out and brought no others.
  if (scene.signIns.size > 0) return
  // Tabs that take it for another time may think otherwise of a token.
  if (scene.jumps.some(({ by, slept }) => by < 0 && slept)) return
  if (scene.storeFaultAt >= 0 || typeof texts === 'string' || scene.apartAt >= 0 || scene.tamperedAt >= 0) return
  // Some were answered before it ended, and some after.
  if ([...scene.lives.values()].some(({ ended }) => ended && ended.at >= askedAt)) return
  // One may have been answered while another was still refreshing ahead of need: both tokens live.
  if (new Set(texts.map((text) => scene.servers.tokenOf(text)?.family ?? text)).size > 1)
    scene.fail('I6', `tabs get different answers: ${texts.join(', ')}`)
}

/** Whatever happened, the next sign-in works, in every tab. Returns the family of its tokens, where all tabs share them. */
async function signInAnew(scene: Scene): Promise<string> {
  const actor = [...scene.actors].find((one) => isAwake(one)) ?? open(scene)
  const { grant, tokens } = scene.servers.grant('zoe')
  const signIn = {}
  scene.signIns.add(signIn)
  const done = await settle(scene, actor.session.signIn(tokens, { login: `login-${grant.family}` }), 30e3)
  look(scene)
  scene.signIns.delete(signIn)
  if (typeof done === 'string' && done) scene.fail('I6', `a sign-in fails though all is well: ${done}`)
  // A page that was cached while storage was denied does not know that it was, nor of those who signed in then.
  const isMixed = [...scene.actors].some(
    ({ sound, half }) => half || sound !== actor.sound || (!sound && scene.traits.storage),
  )
  await agree(scene, 'after a new sign-in')
  for (const other of together(scene))
    if (actor.sound && idOf(other.session.getSnapshot()) !== idOf(actor.session.getSnapshot()))
      scene.fail('I6', `${other.name} does not know of the new sign-in`)
  if (!idOf(actor.session.getSnapshot()) && !isMixed) scene.fail('I5', 'a sign-in has no effect')
  // Those without storage may know of another session, of which the others have not heard.
  const isAlone = !actor.sound && scene.traits.lost > 0
  if (!scene.servers.usesTokens || isMixed || isAlone) return ''
  actor.wantedAt = scene.now()
  const text = await settle(scene, actor.session.getAccessToken(), 70e3)
  if (scene.servers.tokenOf(text)?.family !== grant.family && scene.traits.server !== 'gateway')
    scene.fail('I5', `after a new sign-in there is no token of it: ${text}`)
  const isShared = scene.traits.store === 'shared' && scene.traits.server !== 'gateway' && actor.sound
  return isShared && scene.storeFaultAt < 0 ? grant.family : ''
}

/** After a sign-out nothing is left: no session, no token, no timer, no lock. */
async function signOutAll(scene: Scene, family: string): Promise<void> {
  const actor = [...scene.actors].find((one) => isAwake(one))
  if (!actor) return
  // In the middle of a refresh, mostly.
  if (family) {
    for (const other of scene.actors)
      if (isAwake(other) && scene.random.chance(0.5)) {
        other.wantedAt = scene.now()
        other.session.getAccessToken({ forceRefresh: true }).catch(() => undefined)
      }
    await pass(scene, scene.random.next() * 2 * scene.traits.network)
  }
  // Without storage, whoever missed what was said may be signed in elsewhere.
  const id = idOf(actor.session.getSnapshot())
  const apart = [...scene.actors].filter(({ sound, session }) => !sound && idOf(session.getSnapshot()) !== id)
  for (const life of scene.lives.values()) life.signOutCalled = true
  await settle(scene, actor.session.signOut(), 20e3)
  await agree(scene, 'after a sign-out')
  await pass(scene, 30e3)
  for (const other of scene.actors) {
    const canKnow = other.sound === actor.sound && (other.sound || scene.traits.channel)
    if (!isAwake(other) || !canKnow || apart.includes(other)) continue
    if (idOf(other.session.getSnapshot())) scene.fail('I2', `${other.name} is still signed in`)
    const sessions = [...scene.actors].filter(({ page, destroyedAt }) => page === other.page && destroyedAt === null)
    // A second session in the same page may be one that could not know.
    if (sessions.some(({ session }) => idOf(session.getSnapshot()))) continue
    if (other.page.timers() > 0) scene.fail('I10', `${other.name} has timers though nobody is signed in`)
    if (scene.handles.get(other.page)?.size !== 2 * sessions.length)
      scene.fail('I10', `${other.name} listens to input though nobody is signed in`)
  }
  if (scene.world.locks.isHeld(KEY)) scene.fail('I8', 'a lock is still held')
  // A tab that could not know of the end goes on, alone.
  if ([...scene.actors].some((other) => isAwake(other) && idOf(other.session.getSnapshot()))) return
  if (JSON.stringify([...scene.world.storage.stored]).includes(MARK))
    scene.fail('I9', 'tokens are left in localStorage')
  if (scene.world.tokens.stored) scene.fail('I9', 'tokens are left in the store')
  if (family && !scene.servers.grants.get(family)?.revoked) scene.fail('I9', `the tokens of ${family} are not revoked`)
}
