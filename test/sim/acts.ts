/** What may happen in a world, and how often. `how` chooses among the ways in which it can. */
import { browser } from '../../src/testing/time.js'
import { idOf, isAwake, type Actor } from './actor.js'
import { poison, setClock, setStorage, tamper, unsee } from './faults.js'
import { bury, hint, instancesOn, interrupt, open, pagesOf, unthrottle, watch } from './pages.js'
import { pick } from './random.js'
import { hinted, look, onItsWay, sign } from './rules.js'
import { KEY, type Scene } from './scene.js'
import type { Weather } from './servers.js'
import { counted, extend, input, signIn, signInWith, token } from './users.js'

type Act = (scene: Scene, actor: Actor, how: number) => void
const openMore: Act = (scene) => {
  if (pagesOf(scene).size < scene.traits.mostTabs) open(scene)
}
const crash: Act = (scene, { page }) => {
  page.crash()
  bury(scene)
}

/** Each act with its weight: how often it happens beside the others. */
const acts = {
  open: [10, openMore],
  second: [
    1,
    (scene, actor) => {
      if (isAwake(actor) && instancesOn(scene, actor).length < 2) open(scene, actor.page)
    },
  ],
  close: [
    3,
    (scene, { page }) => {
      page.close()
      bury(scene)
    },
  ],
  crash: [3, crash],
  doom: [
    4,
    (scene, { page }, how) => {
      scene.doomed.set(page, 1 + Math.floor(how * 12))
    },
  ],
  reload: [
    3,
    (scene, actor, how) => {
      crash(scene, actor, how)
      open(scene)
    },
  ],
  destroy: [
    2,
    (scene, actor) => {
      actor.session.destroy()
      actor.session.destroy()
      actor.destroyedAt = scene.ran.get(actor.page) ?? 0
      actor.pending.clear()
    },
  ],
  freeze: [
    4,
    (scene, actor) => {
      actor.page.frozen = true
      for (const one of instancesOn(scene, actor)) one.unaware = true
    },
  ],
  thaw: [
    6,
    (scene, actor) => {
      if (!actor.page.cached) actor.page.frozen = false
      interrupt(scene, actor)
    },
  ],
  leave: [
    4,
    (scene, actor) => {
      // WebKit takes a cached page's locks away, and it goes on without them when it is back.
      const holds = scene.world.locks.isHeldBy(actor.page)
      if (!actor.page.cached) actor.page.leave()
      if (holds && scene.traits.engine === 'webkit') scene.unlockedAt = scene.now()
      for (const one of instancesOn(scene, actor)) one.unaware = true
      bury(scene)
    },
  ],
  back: [
    6,
    (scene, actor) => {
      const { page } = actor
      if (!page.cached) return
      const left = instancesOn(scene, actor).map((one) => [one, idOf(one.seen)] as const)
      page.comeBack()
      interrupt(scene, actor)
      for (const [one, id] of left) {
        hinted(scene, one)
        const isStale = !!id && one.destroyedAt === null && idOf(one.session.getSnapshot()) !== id
        if (isStale && scene.traits.reloads)
          scene.must('I2: a stale page is hidden', page.page.hidden && page.page.reloads > 0, () => one.name)
      }
    },
  ],
  throttle: [
    2,
    (scene, actor, how) => {
      actor.page.timersEvery = pick([1e3, 6e4, Infinity], how)
      interrupt(scene, actor)
    },
  ],
  unthrottle: [
    3,
    (scene, actor) => {
      unthrottle(scene, actor)
    },
  ],
  hint: [
    8,
    (scene, actor, how) => {
      hint(scene, actor, pick(['focus', 'visibilitychange', 'pageshow', 'resume', 'online', 'blur'], how))
    },
  ],
  check: [
    4,
    (scene, actor) => {
      if (!isAwake(actor)) return
      actor.session.check()
      hinted(scene, actor)
    },
  ],
  sleep: [
    5,
    (scene, _actor, how) => {
      scene.fellAsleepAt = scene.now()
      // Who has not looked since, and cannot read what others saw, will not tell the one from the other.
      const isBlind = (at: number): boolean =>
        scene.isApart && [...scene.actors].some((actor) => !actor.page.gone && actor.steppedAt < at)
      for (const jump of scene.jumps) jump.slept ||= scene.now() - jump.at < onItsWay(scene) || isBlind(jump.at)
      scene.world.sleep(Math.round(how * how * 3 * scene.traits.idle), scene.traits.windows)
      scene.sleptAt = scene.now()
      for (const actor of scene.actors) actor.unaware = true
    },
  ],
  clock: [
    2,
    (scene, _actor, how) => {
      setClock(scene, pick([-36e5, -6e5, -3e3, -900, 900, 3e3, 6e5, 36e5, 864e5, -864e5], how))
    },
  ],
  online: [
    3,
    (scene, actor, how) => {
      actor.page.online = how > 0.4
      if (actor.page.online) hint(scene, actor, 'online')
    },
  ],

  input: [
    16,
    (scene, actor) => {
      input(scene, actor)
      counted(scene, actor)
    },
  ],
  work: [
    8,
    (scene, actor, how) => {
      for (let at = 0; at < 200 + how * 2e4; at += 700)
        scene.world.time.later(browser, at, () => {
          input(scene, actor)
          counted(scene, actor)
        })
    },
  ],
  touch: [
    2,
    (scene, actor) => {
      if (!isAwake(actor)) return
      sign(scene, actor)
      actor.session.touch()
      look(scene)
      sign(scene, actor)
    },
  ],
  hold: [
    2,
    (scene, actor) => {
      if (!isAwake(actor)) return
      // The server may be told of it in the same turn.
      sign(scene, actor)
      actor.holds.push(actor.session.hold())
      look(scene)
    },
  ],
  release: [
    3,
    (_scene, actor) => {
      actor.holds.shift()?.()
    },
  ],
  frame: [
    2,
    (scene, { page }, how) => {
      page.framed = how > 0.3
      page.activated = how > 0.6
      look(scene)
    },
  ],
  answer: [
    8,
    (scene, actor) => {
      if (isAwake(actor)) extend(scene, actor)
    },
  ],
  signIn: [
    9,
    (scene, actor) => {
      if (isAwake(actor)) signIn(scene, actor, 'ada')
    },
  ],
  signInAs: [
    2,
    (scene, actor, how) => {
      if (isAwake(actor)) signIn(scene, actor, pick(['bob', 'eve'], how))
    },
  ],
  signInAgain: [
    2,
    (scene, actor) => {
      const cookie = scene.servers.cookie()
      if (isAwake(actor) && cookie && !scene.servers.usesTokens) signInWith(scene, actor, undefined, cookie.family)
    },
  ],
  signOut: [
    4,
    (scene, actor) => {
      if (!isAwake(actor)) return
      const id = idOf(actor.session.getSnapshot())
      for (const life of scene.lives.values()) life.signOutCalled = true
      scene.signOutAt = scene.now()
      watch(scene, actor, 'signOut', actor.session.signOut())
      look(scene)
      if (id)
        scene.must(
          'I2: the tab that signs out shows it at once',
          idOf(actor.session.getSnapshot()) !== id,
          () => `${actor.name} still shows ${id}`,
        )
    },
  ],
  setTokens: [
    1,
    (scene, actor) => {
      if (!isAwake(actor) || !idOf(actor.session.getSnapshot()) || !scene.servers.usesTokens) return
      const { tokens } = scene.servers.grant('ada')
      if (tokens) watch(scene, actor, 'setTokens', actor.session.setTokens(tokens))
    },
  ],
  token: [
    10,
    (scene, actor) => {
      if (isAwake(actor)) token(scene, actor)
    },
  ],
  tokens: [
    3,
    (scene) => {
      for (const actor of scene.actors) if (isAwake(actor)) token(scene, actor)
    },
  ],
  force: [
    5,
    (scene, actor) => {
      if (isAwake(actor)) token(scene, actor, { forceRefresh: true })
    },
  ],
  valid: [
    2,
    (scene, actor, how) => {
      if (isAwake(actor)) token(scene, actor, { minValidity: how * 2 * scene.traits.tokenLife })
    },
  ],

  deny: [1, setStorage(false, false)],
  allow: [2, setStorage(true, false)],
  fill: [1, setStorage(true, true)],
  wipe: [
    1,
    (scene) => {
      scene.world.storage.change({ [KEY]: null, [`${KEY}:end`]: null })
      tamper(scene)
    },
  ],
  clear: [
    1,
    (scene) => {
      scene.world.storage.clear()
      tamper(scene)
    },
  ],
  poison: [
    2,
    (scene, actor, how) => {
      if (!isAwake(actor) || !actor.sound || !scene.world.storage.works) return
      tamper(scene)
      poison(scene, actor, how)
      tamper(scene)
    },
  ],
  old: [
    1,
    (scene, actor) => {
      // A process that lags writes what it had a while ago.
      const record = scene.world.storage.stored.get(KEY)
      const since = scene.now() - onItsWay(scene)
      // What it does not know of a clock that was set back nobody knows, unless some tab still does.
      const forget = (): void => {
        if (![...scene.actors].some(isAwake))
          for (const { by } of scene.jumps.filter((jump) => jump.by < 0 && jump.at >= since)) unsee(scene, by)
      }
      scene.world.time.later(browser, 5e3, () => {
        forget()
        if (record) scene.world.storage.change({ [KEY]: record })
        tamper(scene)
        hint(scene, actor, 'focus')
        // Whoever does know can put it right when it has reached his process, if he is still there.
        scene.world.time.later(browser, onItsWay(scene), () => {
          forget()
          hint(scene, actor, 'focus')
        })
      })
    },
  ],
  junk: [
    2,
    (scene, actor, how) => {
      const before = JSON.stringify(actor.session.getSnapshot())
      const messages = [
        7,
        null,
        [],
        { record: 7 },
        { record: '{' },
        { record: {}, end: [] },
        { end: '{"id":"x"}' },
        { other: 1 },
      ]
      const stranger = scene.world.channel.open({ name: 'stranger', frozen: false, gone: false }, KEY, () => undefined)
      stranger.say(pick(messages, how) as never)
      stranger.close()
      const after = JSON.stringify(actor.session.getSnapshot())
      scene.must('I12: junk changes nothing', after === before, () => `${before} has become ${after}`)
    },
  ],
  store: [
    2,
    (scene, _actor, how) => {
      const fault = pick(['fails', 'hangs', 'lost', 'mixed'] as const, how)
      scene.world.tokens.fault = () =>
        fault === 'mixed' ? scene.random.pick(['works', 'fails', 'hangs', 'lost']) : fault
      scene.storeFaultAt = scene.now()
    },
  ],
  storeWorks: [
    3,
    (scene) => {
      scene.world.tokens.fault = () => 'works'
      if (scene.storeFaultAt >= 0) scene.storeFaultAt = scene.now()
    },
  ],
  forget: [
    1,
    (scene) => {
      scene.world.tokens.stored = null
      scene.storeFaultAt = scene.now()
    },
  ],
  weather: [
    5,
    (scene, _actor, how) => {
      const kinds: readonly Weather[] = [
        'fine',
        'slow',
        'down',
        'hangs',
        'loses',
        'busy',
        'limits',
        'garbage',
        'mixed',
        'mixed',
      ]
      scene.servers.weather = pick(kinds, how)
    },
  ],
  fine: [
    6,
    (scene) => {
      scene.servers.weather = 'fine'
    },
  ],
  revoke: [
    1,
    (scene, _actor, how) => {
      const grant = pick([...scene.servers.grants.values()], how) as { revoked: boolean } | undefined
      if (grant) grant.revoked = true
    },
  ],
  elsewhere: [
    2,
    (scene) => {
      // The same session of the server, in another application or on another device.
      const cookie = scene.servers.cookie()
      if (!cookie || cookie.revoked) return
      cookie.heardAt = scene.now()
      for (const life of scene.lives.values())
        if (scene.traits.check || scene.traits.keepAlive) life.signAt = scene.now()
    },
  ],
} satisfies Record<string, readonly [weight: number, act: Act]>

export type ActName = keyof typeof acts
export const actNames = Object.keys(acts) as ActName[]
export const weights = Object.fromEntries(actNames.map((name) => [name, acts[name][0]])) as Readonly<
  Record<ActName, number>
>
export const perform = (scene: Scene, name: ActName, actor: Actor, how: number): void => {
  acts[name][1](scene, actor, how)
}
