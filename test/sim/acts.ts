/** What may happen in a world, and how often. `how` chooses among the ways in which it can. */
import { createSessionWith } from '../../src/testing.js'
import { browser, START } from '../../src/testing/time.js'
import { isSessionError } from '../../src/errors.js'
import type { TokenResponse } from '../../src/types.js'
import { idOf, isAtWork, isAwake, shownBy, type Actor } from './actor.js'
import { FLUSH } from './life.js'
import { acted, handedOut, hinted, isMisled, look, noteApart, onItsWay, sign } from './rules.js'
import { KEY, type Scene } from './scene.js'
import { MARK, type Weather } from './servers.js'

/** How long a promise may take while its page runs, ms: the sum of the limits in its way, and a little. */
const LIMITS = { getAccessToken: 65e3, signIn: 30e3, setTokens: 30e3, signOut: 20e3, extend: 35e3, authorize: 65e3 }

const pick = <T>(list: readonly T[], how: number): T =>
  list[Math.min(list.length - 1, Math.floor(how * list.length))] as T

/** Watches a promise until it settles: nothing waits for ever (I8), nothing fails without a code (I12), nothing tells a token (I9). */
function watch<T>(
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
        if (!isSessionError(error)) scene.fail('I12', `${what}() rejects with ${String(error)}`)
        if (`${String(error)}${JSON.stringify(error)}${String((error as Error).cause)}`.includes(MARK))
          scene.fail('I9', `a token in the error of ${what}()`)
      },
    )
    .finally(() => actor.pending.delete(pending))
}

/** A page comes to be, or a second session object on one. */
export function open(scene: Scene, page = scene.world.page()): Actor {
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
    seen: { phase: 'loading' },
    over: new Set(),
    awakeSince: now,
    unaware: false,
    warnedSince: null,
    aliveSince: now,
    sound: scene.world.storage.works && !scene.world.storage.full,
    half: scene.world.storage.full,
    lateUntil: -Infinity,
    pending: new Set(),
    holds: [],
    extending: 0,
    wantedAt: -Infinity,
    refreshedAt: -Infinity,
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
    tokenStore: scene.storeOf(page),
    server: scene.servers.of(actor),
  })
  Object.assign(actor, { session })
  scene.actors.add(actor)
  noteApart(scene)
  listen(scene, actor)
  look(scene)
  hinted(scene, actor)
  return actor
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
  const odd = (event: string): void => scene.fail('I7', `${actor.name} hears ${event} while ${actor.hears}`)
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
    if (actor.hears === 'out') odd('switched')
    actor.hears = 'in'
  })
  session.on('signedOut', () => {
    if (actor.hears === 'out') odd('signedOut')
    actor.hears = 'out'
  })
  session.on('warning', () => {
    if (actor.hears === 'out') odd('warning')
    actor.hears = 'warned'
  })
  session.on('extended', () => {
    if (actor.hears !== 'warned') odd('extended')
    actor.hears = 'in'
  })
  session.on('refreshed', () => {
    actor.refreshedAt = scene.now()
  })
  session.on('refreshFailed', (event) => {
    if (JSON.stringify([event, event.error.message, String(event.error.cause)]).includes(MARK))
      scene.fail('I9', 'a token in refreshFailed')
  })
  session.inspect((step) => {
    // A sleep that it had not seen hides as much of a jump from it as long as word of that is on its way.
    if (actor.steppedAt <= scene.sleptAt)
      for (const { at, misled } of scene.jumps)
        if (at >= scene.sleptAt && scene.now() - at < onItsWay(scene)) misled.add(actor)
    actor.steppedAt = scene.now()
    actor.record = step.record as Actor['record']
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
    if (scene.random.chance(0.02) && JSON.stringify(step).includes(MARK)) scene.fail('I9', 'a token in a step')
  })
}

const pagesOf = (scene: Scene): Set<Actor['page']> => new Set([...scene.actors].map(({ page }) => page))
const instancesOn = (scene: Scene, { page }: Actor): Actor[] => [...scene.actors].filter((actor) => actor.page === page)

/** Everything on this page looks at the clock. */
export function hint(scene: Scene, actor: Actor, cause: string): void {
  if (actor.page.gone || actor.page.frozen) return
  actor.page.hint(cause)
  // What follows from a lost focus is looked at in a turn of its own.
  if (cause !== 'blur') for (const one of instancesOn(scene, actor)) hinted(scene, one)
}

/** The page is gone, and with it all that it promised. */
export function bury(scene: Scene): void {
  for (const actor of [...scene.actors]) if (actor.page.gone) scene.actors.delete(actor)
}

/** Time went on without this page, or nobody can say how much did: a warning may be missed. */
const interrupt = (scene: Scene, actor: Actor): void => {
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

function input(scene: Scene, actor: Actor): void {
  if (actor.page.gone || actor.page.frozen) return
  const signs = (): void => {
    for (const one of instancesOn(scene, actor)) {
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
}

/** What must count: input in a page that goes on for long enough to write it down, well before any warning. */
function counted(scene: Scene, actor: Actor): void {
  const at = scene.now()
  const snapshot = actor.session.getSnapshot()
  const life = scene.lives.get(idOf(snapshot))
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

function signIn(scene: Scene, actor: Actor, user: string): void {
  const { grant, tokens } = scene.servers.grant(user)
  // One browser has one cookie: to the other tabs it looks as if the user were active elsewhere.
  if (!scene.servers.usesTokens) for (const life of scene.lives.values()) life.signAt = scene.now()
  signInWith(scene, actor, tokens, grant.family)
}

function signInWith(scene: Scene, actor: Actor, tokens: TokenResponse | undefined, family: string): void {
  // Whoever's tab it is, the sign-in may come to be while a promise of it is under way, and in no other way.
  const signIn = {}
  scene.signIns.add(signIn)
  const promise = actor.session.signIn(tokens, tokens ? {} : { login: family })
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
      look(scene)
      // Others may hear of it later, even if it was given up right after.
      if (!actor.page.gone) scene.world.time.later(browser, onItsWay(scene), () => scene.signIns.delete(signIn))
    }),
  )
}

function token(scene: Scene, actor: Actor, options: { minValidity?: number; forceRefresh?: boolean } = {}): void {
  actor.wantedAt = scene.now()
  watch(scene, actor, 'getAccessToken', actor.session.getAccessToken(options), (text) => {
    if (isAwake(actor)) handedOut(scene, actor, text)
  })
}

function extend(scene: Scene, actor: Actor): void {
  const snapshot = actor.session.check()
  hinted(scene, actor)
  const { traits, servers } = scene
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
      if (extended) {
        if (!life) scene.fail('I5', `${actor.name} extends, and is signed out`)
        else {
          acted(scene, actor, 'an extension')
          const at = scene.now()
          if (!traits.keepAlive && !isMisled(scene, actor))
            scene.world.time.later(browser, onItsWay(scene), () => {
              // A sleep may have come before the others heard of it, or the end.
              if (scene.sleptAt < at && !life.ended) life.countedAt = Math.max(life.countedAt, at)
            })
        }
      } else if (canExtend && !traits.keepAlive && life && !life.ended && servers.weather === 'fine')
        scene.fail('I17', `${actor.name} could not answer the warning`)
    },
  )
}

/** Storage is touched by somebody else. */
const tamper = (scene: Scene): void => {
  scene.tamperedAt = scene.now()
  // What the server told may be lost with it.
  for (const life of scene.lives.values()) life.told = null
}

function poison(scene: Scene, actor: Actor, how: number): void {
  const { storage } = scene.world
  const disk = storage.of(actor.page)
  const write = (key: string, text: string): void => {
    try {
      disk.setItem(key, text)
    } catch {
      // Then there is nothing to poison.
    }
  }
  const record = storage.stored.get(KEY)?.startsWith('{') ? storage.stored.get(KEY) : undefined
  const fields = (more: object): string => JSON.stringify({ ...(JSON.parse(record ?? '{}') as object), ...more })
  const ahead = scene.world.time.clock().wall + 9e7
  const ways: (() => void)[] = [
    () => write(KEY, 'junk'),
    () => write(KEY, '{}'),
    () => write(KEY, '[]'),
    () => write(`${KEY}:end`, '{"id":7}'),
    () => write(`${KEY}:end`, 'null'),
    () => write(KEY, fields({ __proto__: { phase: 'active' }, activeAt: ahead })),
    () => write(KEY, fields({ activeAt: ahead })),
    () => write(KEY, fields({ activeAt: Number.MAX_VALUE, serverIdleEndsAt: ahead })),
    () => write(KEY, fields({ startedAt: ahead })),
    () => write(KEY, fields({ serverAt: ahead, serverIdleEndsAt: ahead * 2 })),
    () => write(KEY, fields({ retryAt: ahead })),
    () => write(KEY, fields({ toldAt: ahead, askedAt: ahead })),
    () => write(KEY, fields({ generation: '7', skew: -5 })),
    () => write(KEY, fields({ 'of a newer version': [1, { deep: true }] })),
  ]
  // It is to survive that.
  scene.doomed.delete(actor.page)
  pick(ways, how)()
  // Whoever wrote it looks at once, and puts it right before any new page could believe it.
  hint(scene, actor, 'focus')
}

function setClock(scene: Scene, by: number): void {
  const witness = [...scene.actors].find(
    (actor) =>
      isAwake(actor) &&
      !!idOf(actor.session.getSnapshot()) &&
      actor.sound &&
      scene.world.storage.works &&
      (scene.traits.windows || actor.steppedAt > scene.sleptAt),
  )
  scene.world.setClock(by)
  scene.jumps.push({ at: scene.now(), by, misled: new Set() })
  for (const actor of scene.actors) actor.unaware = true
  if (witness) hint(scene, witness, 'focus')
  // Who sees it may crash before it is written down.
  if (by < 0 && (!witness || witness.page.gone)) unsee(scene, by)
}

/** Nobody knows that the clock was set back. */
function unsee(scene: Scene, by: number): void {
  for (const life of scene.lives.values()) {
    life.unseen = true
    life.putOff -= by
  }
}

type Act = (scene: Scene, actor: Actor, how: number) => void

const openMore: Act = (scene) => {
  if (pagesOf(scene).size < scene.traits.mostTabs) open(scene)
}
const crash: Act = (scene, { page }) => {
  page.crash()
  bury(scene)
}
const setStorage = (works: boolean, full: boolean): Act => {
  return (scene) => {
    Object.assign(scene.world.storage, { works, full })
    tamper(scene)
    // What lies there is not what happened since.
    if (works) scene.apartAt = scene.now()
    for (const actor of scene.actors) {
      if (!works || full) actor.sound = false
      if (full) actor.half = true
    }
    if (scene.traits.store === 'local') scene.storeFaultAt = scene.now()
  }
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
        if (isStale && scene.traits.reloads && !(page.page.hidden && page.page.reloads))
          scene.fail('I2', `${one.name} came back after its session was over, and was not hidden`)
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
      if (id && idOf(actor.session.getSnapshot()) === id)
        scene.fail('I2', `${actor.name} still shows ${id} after signOut()`)
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
      if (JSON.stringify(actor.session.getSnapshot()) !== before) scene.fail('I12', 'junk was believed')
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
