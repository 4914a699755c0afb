/** Calls of users and applications. */
import { browser } from '../../src/testing/time.js'
import type { SessionError } from '../../src/errors.js'
import type { TokenResponse } from '../../src/types.js'
import { idOf, isAwake, shownBy, type Actor } from './actor.js'
import { asked, extended as answered, retried, signedIn, signedOut, tokenDenied, tokenGiven } from './callers.js'
import { keptByVisitor, takenOver } from './data.js'
import { FLUSH } from './life.js'
import { instancesOn, watch } from './pages.js'
import { acted, handedOut, hinted, isMisled, look, onItsWay, sign, wereTogether } from './rules.js'
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
      // The input counts after all if the warning is over before it is written.
      else
        scene.world.time.later(browser, FLUSH, () => {
          if (isAwake(one) && one.session.getSnapshot().phase === 'active') sign(scene, one)
        })
    }
  }
  for (const one of instances) one.inputAt = scene.now()
  // Counted before as well: the server may get the keep-alive in the same task.
  signs()
  actor.page.input()
  look(scene)
  signs()
  // Counted later as well: some events count in a microtask, which may be the first that knows of the session, and the page's last.
  scene.world.time.later(browser, 0, signs)
}

/** Notes input that must count: in a page that runs long enough to write it, well before any warning. */
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

/** Forms in which a login library may give tokens, in place of a plain object. */
export const SHAPES: Readonly<Record<string, (tokens: TokenResponse) => TokenResponse>> = {
  // As of Vue's `reactive`: it cannot be cloned.
  'a proxy': (tokens) => new Proxy(tokens, {}),
  // As of a class of a login library: no member is enumerable.
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
  // A page without tokens signs in no user with tokens.
  if (actor.isBare && scene.servers.usesTokens) return
  const { grant, tokens: plain } = scene.servers.grant(user)
  const tokens = plain && shape(plain)
  // One browser has one cookie, so that the sign-in looks like activity elsewhere to the other tabs.
  if (!scene.servers.usesTokens) for (const life of scene.lives.values()) life.signAt = scene.now()
  signInWith(scene, actor, tokens, grant.family)
}

/** Begins an anonymous session: a visitor fills a cart before they sign in. */
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
  // The session may begin at any time while the promise of this sign-in is pending, and not otherwise.
  const signIn = { at: scene.now(), page: actor.page }
  scene.signIns.add(signIn)
  const kept = family ? keptByVisitor(scene, actor) : null
  const promise = actor.session.signIn(tokens, { ...(!tokens && family && { login: family }), keepData: true })
  watch(
    scene,
    actor,
    'signIn',
    promise.finally(() => {
      actor.signingIn[who]--
      look(scene)
      // Other tabs may learn of it later, even if it was cancelled right after, and `destroy()` does not undo a write.
      if (!actor.page.gone && actor.destroyedAt === null)
        scene.world.time.later(browser, onItsWay(scene), () => scene.signIns.delete(signIn))
    }),
    () => {
      takenOver(scene, actor, kept, signIn.at)
      signedIn(scene, actor, signIn.at)
    },
  )
}

/** The user signs out. */
export function signOut(scene: Scene, actor: Actor): void {
  const id = idOf(actor.session.getSnapshot())
  for (const life of scene.lives.values()) life.signOutCalled = true
  scene.signOutAt = scene.now()
  const before = asked(scene, actor)
  actor.signsOut = true
  watch(scene, actor, 'signOut', actor.session.signOut(), () => {
    signedOut(scene, actor, before)
  })
  look(scene)
  // A prerendered page ends nothing.
  if (id && !actor.page.prerendered)
    scene.must(
      'I2: the tab that signs out shows it at once',
      idOf(actor.session.getSnapshot()) !== id,
      () => `${actor.name} still shows ${id}`,
    )
}

/** The application calls `verify()` after a push. */
export function verify(scene: Scene, actor: Actor): void {
  const id = idOf(actor.session.getSnapshot())
  // Without `check`, this is a call for a refresh.
  actor.wantedAt = scene.now()
  watch(scene, actor, 'verify', actor.session.verify(), (isLive) => {
    if (!isAwake(actor) || !id) return
    look(scene)
    const shown = idOf(actor.session.getSnapshot())
    scene.must(
      'S124: `verify` says whether the session goes on',
      // The call itself may find that another session has replaced this one: then it is about that.
      isLive ? !!shown : shown !== id,
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
  const before = asked(scene, actor)
  const plain = Object.keys(options).length === 0
  const promise = actor.session.getAccessToken(options)
  promise.catch((error: unknown) => {
    tokenDenied(scene, actor, before, error, plain)
    const { code, retryAt } = error as Partial<SessionError>
    if (code !== 'offline' || actor.page.gone) return
    // The call may have joined a request, or made none because one failed a moment ago.
    const isTried = scene.servers.calls.some((call) => call.method === 'refresh' && call.at >= at - 15e3)
    scene.must('I7: what somebody waits for is tried', isTried || retryAt !== undefined, () => actor.name)
  })
  watch(scene, actor, 'getAccessToken', promise, (text) => {
    if (isAwake(actor)) handedOut(scene, actor, text)
    tokenGiven(scene, before, plain)
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
  const askedAt = scene.now()
  const isFine = scene.servers.weather === 'fine'
  sign(scene, actor)
  actor.extending++
  watch(
    scene,
    actor,
    'extend',
    actor.session.extend().finally(() => actor.extending--),
    (extended) => {
      if (!isAwake(actor)) return
      // With a keep-alive the server may refuse.
      if (canExtend && !traits.keepAlive && life && !life.ended)
        // Activity may have closed the warning right before.
        scene.must(
          'I17: a warning can be answered',
          extended || (traits.activityExtends && actor.session.getSnapshot().phase === 'active'),
          () => actor.name,
        )
      look(scene)
      // It may agree after the end that there was. A call that is given up is not told of.
      const call = scene.servers.calls.find(
        (one) => one.actor === actor && one.at >= askedAt && one.method === 'keepAlive',
      )
      if (canExtend && traits.keepAlive && call && life && isFine && scene.servers.weather === 'fine')
        scene.must(
          'I17: a warning can be answered',
          life.ended?.reason !== 'idle' || life.ended.at < askedAt,
          () => `${actor.name} answered ${Math.round((life.ended?.at ?? 0) - askedAt)} ms before the end`,
          {
            'a clock was set': scene.jumps.some(({ at }) => at >= life.startedAt),
            'the page did not run': scene.sleptAt >= askedAt || actor.awakeSince >= askedAt,
            'the server told of less time than there was': !!life.told && life.told.idleEndsAt < scene.now() + 1e3,
            'tabs were apart': !wereTogether(scene, life.startedAt),
          },
        )
      if (extended) answered(scene, actor, id, askedAt)
      if (extended) {
        // A page that was still querying other tabs has its answer by now, perhaps in this very task.
        look(scene)
        const found = life ?? scene.lives.get(idOf(shownBy(actor)))
        scene.must('I5: nobody extends while signed out', !!found, () => actor.name)
        if (!life) sign(scene, actor)
        if (life) {
          // A listener may have signed out in the task in which it was extended.
          if (!(life.signOutCalled && life.ended?.at === scene.now())) acted(scene, actor, 'an extension')
          const at = scene.now()
          if (!traits.keepAlive && !isMisled(scene, actor))
            scene.world.time.later(browser, onItsWay(scene), () => {
              // A sleep or the end may have come before the record reached the others.
              if (scene.sleptAt < at && !life.ended) life.countedAt = Math.max(life.countedAt, at)
            })
        }
      }
    },
  )
}

/** The application asks for a new token and, if there is none, waits until the time that the error names. */
export function askPatiently(scene: Scene, actor: Actor): void {
  if (actor.isBare) return
  const ask = (then: (error: unknown) => void): void => {
    actor.wantedAt = scene.now()
    const promise = actor.session.getAccessToken({ forceRefresh: true })
    promise.catch(then)
    watch(scene, actor, 'getAccessToken', promise)
  }
  ask((error) => {
    const { retryAt } = error as Partial<SessionError>
    if (retryAt === undefined) return
    const wait = Math.max(0, retryAt - scene.world.time.clock().wall)
    // A page that is frozen asks later, and another tab may have had the server's answer by then.
    const toldAt = scene.now()
    scene.world.time.later(actor.page, wait, () => {
      if (!isAwake(actor)) return
      ask((second) => {
        retried(scene, actor, error as SessionError, { toldAt, dueAt: toldAt + wait }, second)
      })
    })
  })
}
