/** What users do, and applications for them. */
import { browser } from '../../src/testing/time.js'
import type { SessionError } from '../../src/errors.js'
import type { TokenResponse } from '../../src/types.js'
import { idOf, isAwake, shownBy, type Actor } from './actor.js'
import { keptByVisitor, takenOver } from './data.js'
import { FLUSH } from './life.js'
import { instancesOn, watch } from './pages.js'
import { acted, handedOut, hinted, isMisled, look, onItsWay, sign } from './rules.js'
import type { Scene } from './scene.js'

export function input(scene: Scene, actor: Actor): void {
  if (actor.page.gone || actor.page.frozen || actor.page.prerendered) return
  const instances = instancesOn(scene, actor)
  const signs = (): void => {
    for (const one of instances) {
      if (one.destroyedAt !== null) continue
      const snapshot = shownBy(one)
      const ignored = snapshot.phase === 'warning' && !scene.traits.activityExtends && snapshot.canExtend
      if (!ignored) sign(scene, one)
      // It counts after all where the warning is over before it is written down.
      else
        scene.world.time.later(browser, FLUSH, () => {
          if (isAwake(one) && one.session.getSnapshot().phase === 'active') sign(scene, one)
        })
    }
  }
  // Before as well: the server may be told of it in the same turn.
  signs()
  actor.page.input()
  look(scene)
  signs()
  // And after: some events count in a microtask, which may be the first to know of the session, and the page's last.
  scene.world.time.later(browser, 0, signs)
}

/** What must count: input in a page that goes on for long enough to write it down, well before any warning. */
export function counted(scene: Scene, actor: Actor): void {
  const at = scene.now()
  const snapshot = actor.session.getSnapshot()
  const life = scene.lives.get(idOf(snapshot))
  if (actor.page.prerendered) return
  if (!life || life.ended || !isAwake(actor) || actor.page.timersEvery || snapshot.phase === 'warning') return
  if (isMisled(scene, actor)) return
  const { idle, absolute, warnBefore, activityExtends } = scene.traits
  const warnsAt =
    Math.min(life.countedAt + idle - Math.min(warnBefore, idle / 2), life.told?.idleEndsAt ?? Infinity) - 5e3
  const isWarned = at > warnsAt && !activityExtends
  if (isWarned || at > life.startedAt + absolute - 5e3) return
  scene.world.time.later(browser, 3.5e3, () => {
    const jumped = scene.jumps.some((jump) => jump.at >= at)
    if (isAwake(actor) && !actor.page.timersEvery && actor.awakeSince < at && !jumped && !life.ended)
      life.countedAt = Math.max(life.countedAt, at)
  })
}

/** What a library may bring in place of a plain object. */
export const SHAPES: Readonly<Record<string, (tokens: TokenResponse) => TokenResponse>> = {
  // As Vue's `reactive` makes: it cannot be cloned.
  'a proxy': (tokens) => new Proxy(tokens, {}),
  // As a class of a login library has them: nothing is listed.
  'an object with getters': (tokens) => {
    const getters = Object.keys(tokens).map((key) => [key, { get: () => tokens[key] }] as const)
    return Object.create(Object.defineProperties({}, Object.fromEntries(getters))) as TokenResponse
  },
  'an object with functions': (tokens) => ({ ...tokens, claims: () => tokens }),
  'changed later': (tokens) => {
    const given = { ...tokens }
    queueMicrotask(() => Object.assign(given, { access_token: 'changed', refresh_token: 'changed', expires_in: 1 }))
    return given
  },
}

export function signIn(
  scene: Scene,
  actor: Actor,
  user: string,
  shape = (tokens: TokenResponse): TokenResponse => tokens,
): void {
  // A page without tokens signs nobody in who has some.
  if (actor.isBare && scene.servers.usesTokens) return
  const { grant, tokens: plain } = scene.servers.grant(user)
  const tokens = plain && shape(plain)
  // One browser has one cookie: to the other tabs it looks as if the user were active elsewhere.
  if (!scene.servers.usesTokens) for (const life of scene.lives.values()) life.signAt = scene.now()
  signInWith(scene, actor, tokens, grant.family)
}

/** A session for whoever it is: a visitor fills a cart before they sign in. */
export function visit(scene: Scene, actor: Actor): void {
  if (!scene.servers.usesTokens) {
    scene.servers.grant('visitor')
    for (const life of scene.lives.values()) life.signAt = scene.now()
  }
  signInWith(scene, actor, undefined, '')
}

/** `family`: of the user's grant; empty for a visitor. */
export function signInWith(scene: Scene, actor: Actor, tokens: TokenResponse | undefined, family: string): void {
  const who = family ? 'users' : 'visitors'
  actor.signingIn[who]++
  // Whoever's tab it is, the sign-in may come to be while a promise of it is under way, and in no other way.
  const signIn = { at: scene.now() }
  scene.signIns.add(signIn)
  const kept = family ? keptByVisitor(scene, actor) : null
  const promise = actor.session.signIn(tokens, { ...(!tokens && family && { login: family }), keepData: true })
  // A page that is still asking others takes them when it has been answered.
  if (tokens && actor.session.getSnapshot().phase === 'loading')
    void actor.session.ready.then(() => {
      scene.servers.arrived(tokens.access_token)
    })
  watch(
    scene,
    actor,
    'signIn',
    promise.finally(() => {
      actor.signingIn[who]--
      look(scene)
      // Others may hear of it later, even if it was given up right after; and `destroy()` does not undo what is being stored.
      if (!actor.page.gone && actor.destroyedAt === null)
        scene.world.time.later(browser, onItsWay(scene), () => scene.signIns.delete(signIn))
    }),
    () => {
      takenOver(scene, actor, kept, signIn.at)
    },
  )
}

/** The application asks whether the server still knows the session: a push said so. */
export function verify(scene: Scene, actor: Actor): void {
  const id = idOf(actor.session.getSnapshot())
  // Where only a refresh can tell, this asks for one.
  actor.wantedAt = scene.now()
  watch(scene, actor, 'verify', actor.session.verify(), (isLive) => {
    if (!isAwake(actor) || !id) return
    look(scene)
    const shown = idOf(actor.session.getSnapshot())
    scene.must(
      'S124: `verify` says whether the session goes on',
      isLive === (shown === id),
      () => `${actor.name} verified ${id} (${isLive}), and shows ${shown}`,
    )
  })
}

export function token(
  scene: Scene,
  actor: Actor,
  options: { minValidity?: number; forceRefresh?: boolean } = {},
): void {
  if (actor.isBare) return
  const at = scene.now()
  actor.wantedAt = at
  const promise = actor.session.getAccessToken(options)
  promise.catch((error: unknown) => {
    const { code, retryAt } = error as Partial<SessionError>
    if (code !== 'offline' || actor.page.gone) return
    // Together with a request that was under way, or none because one failed a moment ago.
    const isTried = scene.servers.calls.some((call) => call.method === 'refresh' && call.at >= at - 15e3)
    scene.must('I7: what somebody waits for is tried', isTried || retryAt !== undefined, () => actor.name)
  })
  watch(scene, actor, 'getAccessToken', promise, (text) => {
    if (isAwake(actor)) handedOut(scene, actor, text)
  })
}

export function extend(scene: Scene, actor: Actor): void {
  if (actor.page.prerendered) return
  const snapshot = actor.session.check()
  hinted(scene, actor)
  const { traits } = scene
  const id = idOf(snapshot)
  const life = scene.lives.get(id)
  const canExtend = snapshot.phase === 'warning' && snapshot.canExtend
  sign(scene, actor)
  actor.extending++
  watch(
    scene,
    actor,
    'extend',
    actor.session.extend().finally(() => actor.extending--),
    (extended) => {
      if (!isAwake(actor)) return
      // Where the server is told, it may say no.
      if (canExtend && !traits.keepAlive && life && !life.ended)
        // Work that goes on may have closed it right before.
        scene.must(
          'I17: a warning can be answered',
          extended || (traits.activityExtends && actor.session.getSnapshot().phase === 'active'),
          () => actor.name,
        )
      if (extended) {
        // A page that was still asking others has had its answer by now, perhaps in this very turn.
        look(scene)
        const found = life ?? scene.lives.get(idOf(shownBy(actor)))
        scene.must('I5: nobody extends while signed out', !!found, () => actor.name)
        if (!life) sign(scene, actor)
        if (life) {
          acted(scene, actor, 'an extension')
          const at = scene.now()
          if (!traits.keepAlive && !isMisled(scene, actor))
            scene.world.time.later(browser, onItsWay(scene), () => {
              // A sleep may have come before the others heard of it, or the end.
              if (scene.sleptAt < at && !life.ended) life.countedAt = Math.max(life.countedAt, at)
            })
        }
      }
    },
  )
}
