import { createWorld, type Page, type Ports, type World } from '../../src/testing.js'
import { indexed } from '../../src/testing/storage.js'
import { memoryTokens } from '../../src/tokens/stores/memory.js'
import type { PageState } from '../../src/servers/page.js'
import type { StoredTokens, TokenStore } from '../../src/types.js'
import type { Actor } from './actor.js'
import type { Failure } from './callers.js'
import { createBrowserPage, type PageScript } from './browser.js'
import type { OpenConnection } from './connections.js'
import type { Jump, Life, Touch } from './life.js'
import type { Neighbour } from './neighbour.js'
import { createRandom, type Random } from './random.js'
import { count, type Counts, type Excuses, type Rule } from './rule-names.js'
import { createServers, MARK, type Call, type Servers } from './servers.js'
import type { Plan } from './plan.js'
import { rob } from './touch.js'
import type { Traits } from './traits.js'

export const KEY = 'sojourn:session:1'

/** A rule that was broken. */
export interface Break {
  readonly rule: Rule
  readonly text: string
  /** The number of steps before it. */
  readonly step: number
}

/** The server has answered 429: `until` is a time of the wall clock. */
export interface Pause {
  readonly family: string
  readonly actor: Actor
  readonly at: number
  readonly until: number
}

/** One world while it is played, with all facts about it. */
export interface Scene {
  readonly traits: Traits
  readonly world: World
  readonly servers: Servers
  readonly random: Random
  readonly actors: Set<Actor>
  readonly lives: Map<string, Life>
  /** When other code changed sessions in storage, by id. */
  readonly touched: Map<string, Record<Touch, number>>
  readonly jumps: Jump[]
  /** The sign-ins that are under way, including those of pages that have crashed. */
  readonly signIns: Set<{ readonly at: number; readonly page: Page }>
  /** When each session began whose sign-in was under way then. */
  readonly begun: Map<string, number>
  /** The sessions that began with a user, and those that began without one. */
  readonly ofUsers: Set<string>
  readonly ofVisitors: Set<string>
  /** The first rule that was broken. */
  broken: Break | null
  step: number
  /** When tabs were last unable to reach each other. */
  apartAt: number
  isApart: boolean
  /** The last sleep. */
  fellAsleepAt: number
  sleptAt: number
  signOutAt: number
  /** When a page last lost its locks in the back/forward cache. */
  unlockedAt: number
  /** The tab that has changed its record in storage while it was prerendered: it corrects that when it is opened. */
  planter: Actor | null
  /** When the timers of a page were last throttled. */
  throttledAt: number
  /** True while the token store fails. `storeFaultAt`: when it last failed or was emptied. */
  isStoreFaulty: boolean
  storeFaultAt: number
  /** The highest number of a token of each grant that a tab has stored. */
  readonly storedNumber: Map<string, number>
  /** The grants whose tokens belong to a session. */
  readonly familiesOf: Map<string, Set<string>>
  /** The running time of each page, without freezes and sleep. */
  readonly ran: Map<Page, number>
  /** Since when time passes that is not in `ran` yet. */
  passingSince: number
  /** The page of the other application, all pages that it had, and the number of grants from its own server. */
  neighbour: Neighbour | null
  readonly strangers: Set<Page>
  foreignGrants: number
  /** When all of localStorage was last emptied, or the token store. */
  emptiedAt: number
  /** When storage was last denied, or full. */
  deniedAt: number
  /** The pages that the server made, the time of the newest one that a tab took over, and when that was. */
  readonly rendered: PageState[]
  newestPage: number
  adoptedAt: number
  /** Prerendered pages that had an effect before they were opened. */
  readonly hasty: Set<Page>
  /** Pages whose `navigator.onLine` is wrong. */
  readonly lying: Set<Page>
  /** The failures of refreshes, as listeners were told of them. */
  readonly failures: Failure[]
  /** True when faults have stopped. */
  isCalm: boolean
  /** When applications called `setTokens()`. */
  readonly broughtAt: number[]
  /** The times before which the server does not want to be asked for tokens. */
  readonly pauses: Pause[]
  /** Pages that crash at one of their next effects, with the number of effects until then. */
  readonly doomed: Map<Page, number>
  /** When pages crashed in the middle of their work. */
  readonly crashedAt: Map<Page, number>
  /** The open listeners and channels of each page. */
  readonly handles: Map<Page, Set<object>>
  /** The open connections at the server. */
  readonly connections: Set<OpenConnection>
  readonly now: () => number
  /** Prints an event of the world, to help understand a failure. */
  readonly trace: (text: string) => void
  readonly traces: boolean
  /**
   * Checks a rule; rules can be broken in no other way. Counts the check or, if an excuse applies, the excuse, in which case the
   * rule need not hold.
   */
  readonly must: (rule: Rule, holds: boolean, text: () => string, excuses?: Excuses) => void
  readonly counts: Counts
  readonly storeOf: (page: Page) => TokenStore
}

const NO_EXCUSES: Excuses = {}

/** Resolves after all pending microtasks: in this task, and in no later one. */
const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** The error of a world that does not come to rest. */
export class Restless extends Error {}

/** No world takes a third of these tasks, unless tabs correct each other endlessly. */
const MOST_TURNS = 3e5

export function createScene(
  { traits, seed }: Plan,
  script: PageScript,
  rules: {
    readonly look: (scene: Scene) => void
    readonly rested: (scene: Scene) => void
    readonly called: (scene: Scene, call: Call) => void
    readonly told: (scene: Scene, call: Call, result: unknown) => void
    readonly cleared: (scene: Scene, page: Page, id: string) => void
  },
  trace?: (text: string) => void,
): Scene {
  const random = createRandom(seed ^ 0x5eed)
  let turns = 0

  /** A place before an effect that other tabs can notice, where a page may crash. */
  const crashAt = (page: Page): void => {
    const left = scene.doomed.get(page)
    if (left === undefined || page.gone) return
    scene.doomed.set(page, left - 1)
    if (left > 1) return
    scene.crashedAt.set(page, scene.now())
    page.crash()
  }
  /** An effect that a prerendered page must not have. */
  const effect = (page: Page): void => {
    if (page.prerendered) scene.hasty.add(page)
    crashAt(page)
  }
  const watched = (page: Page, storage: Storage): Storage =>
    indexed({
      get length() {
        return storage.length
      },
      key: (index) => storage.key(index),
      getItem: (key) => storage.getItem(key),
      clear: () => storage.clear(),
      setItem(key, text) {
        // A test write shows whether storage works.
        if (!key.endsWith(':try')) effect(page)
        const isForTokens = /^sojourn-tokens(:\w+)?$/.test(key)
        scene.must('I9: no token in web storage', !text.includes(MARK) || isForTokens, () => `at ${key}`)
        if (scene.neighbour)
          scene.must(
            'I14: what is written bears the name of its session',
            key.includes('admin') === scene.strangers.has(page),
            () => `${page.name} writes ${key}`,
          )
        storage.setItem(key, text)
      },
      removeItem(key) {
        if (!key.endsWith(':try')) effect(page)
        storage.removeItem(key)
      },
    })
  /** Counts a handle as open on this page until `close` is called. */
  const counted = (page: Page, close: () => void): (() => void) => {
    const handle = {}
    const open = scene.handles.get(page) ?? new Set()
    scene.handles.set(page, open.add(handle))
    return () => {
      open.delete(handle)
      close()
    }
  }
  const webStores = new Map<Page, () => TokenStore>()
  const ports = (own: Ports, page: Page): Ports => {
    const isOnline = (): boolean => page.online !== scene.lying.has(page)
    const shared = {
      ...world,
      random,
      isOnline,
      storage: { ...world.storage, of: () => watched(page, world.storage.of(page)) },
    }
    const inBrowser = createBrowserPage(script, own, page, shared)
    webStores.set(page, inBrowser.webStorageTokens)
    const chosen = traits.ports === 'kit' ? own : inBrowser.ports
    return {
      ...chosen,
      id: own.id,
      ...(own.locks && { locks: own.locks }),
      online: isOnline,
      openChannel(name, heard) {
        const tabs = chosen.openChannel(name, heard)
        return {
          ...tabs,
          close: counted(page, tabs.close),
          post(message) {
            effect(page)
            if (page.gone) return
            const text = JSON.stringify(message)
            scene.must('I9: no token in a message', !text.includes(MARK), () => text)
            tabs.post(message)
          },
        }
      },
      onWake: (hint) => counted(page, chosen.onWake(hint)),
      watchInput(seen) {
        const activity = chosen.watchInput(seen)
        return { ...activity, stop: counted(page, activity.stop) }
      },
      withLock(...call) {
        crashAt(page)
        return (chosen.withLock ?? inBrowser.ports.withLock)(...call)
      },
    }
  }

  const world = createWorld({
    engine: traits.engine,
    random: random.next,
    ports,
    async drain() {
      await tick()
      if (++turns > MOST_TURNS) throw new Restless()
      rules.look(scene)
      rules.rested(scene)
    },
  })
  world.locks.isAvailable = traits.locks !== 'missing'
  world.locks.refuses = traits.locks === 'refused'
  world.channel.isAvailable = traits.channel
  world.storage.isAvailable = traits.storage
  world.storage.lag = () => random.next() * traits.lag
  world.storage.delay = () => (random.chance(traits.lost) ? Infinity : random.next() * traits.delay)
  world.channel.delay = () => (random.chance(traits.lost) ? Infinity : random.next() * traits.delay)
  world.tokens.delay = () => random.next() * traits.access

  const noted = (page: Page, store: TokenStore): TokenStore => ({
    get shared() {
      return store.shared
    },
    forSession: (name) =>
      scene.strangers.has(page) ? (store.forSession?.(name) ?? store) : noted(page, store.forSession?.(name) ?? store),
    async get() {
      crashAt(page)
      const stored = await store.get()
      scene.trace(`${page.name} finds ${stored ? `${stored.id} ${stored.generation}` : 'no tokens'}`)
      return stored
    },
    async set(value: StoredTokens, expected) {
      effect(page)
      const none = { family: '', number: 0, issuedAt: 0 }
      const { family, number, issuedAt } = scene.servers.tokenOf(value.tokens.access_token) ?? none
      scene.familiesOf.set(value.id, (scene.familiesOf.get(value.id) ?? new Set()).add(family))
      // A store holds the tokens of one session, so that those of any other are gone.
      rob(scene, value.id)
      const grant = scene.servers.grants.get(family)
      if (grant) scene.lives.get(value.id)?.grantEnds.push(grant.issuedAt + traits.grantLife)
      const written = await store.set(value, expected)
      scene.trace(
        `${page.name} ${written ? 'stores' : 'does not store'} ${value.id} ${value.generation} ${value.tokens.access_token}`,
      )
      if (written && !page.gone) {
        scene.storedNumber.set(family, Math.max(number, scene.storedNumber.get(family) ?? 0))
        const life = scene.lives.get(value.id)
        if (life) {
          life.tokenAt = issuedAt
          life.tokenBy = page
          life.storedAt = scene.now()
        }
      }
      return written
    },
    clear(id) {
      effect(page)
      scene.trace(`${page.name} clears ${id}`)
      rules.cleared(scene, page, id)
      return store.clear(id)
    },
  })
  /** The store is made together with the ports, which must come first. */
  const webStoreOf = (page: Page): TokenStore => (page.ports, webStores.get(page)?.() ?? memoryTokens())
  const storeOf = (page: Page): TokenStore =>
    traits.store === 'shared' ? world.tokens.of(page) : traits.store === 'memory' ? memoryTokens() : webStoreOf(page)

  // `oauth` computes waits with it.
  Date.now = () => world.time.clock().wall

  const scene: Scene = {
    traits,
    world,
    random,
    servers: createServers(world.time, traits, random, {
      called(call, given) {
        effect(call.actor.page)
        if (scene.neighbour)
          scene.must(
            'I14: tokens go to the server of their own application',
            !given.includes(`${MARK}.n`),
            () => `${call.method} by ${call.actor.name}: ${given}`,
          )
        rules.called(scene, call)
      },
      paused({ method, family, actor, signal }, until) {
        if (method === 'refresh' && !signal.aborted) scene.pauses.push({ family, actor, at: scene.now(), until })
      },
      told(call, result) {
        rules.told(scene, call, result)
      },
    }),
    actors: new Set(),
    lives: new Map(),
    touched: new Map(),
    jumps: [],
    signIns: new Set(),
    begun: new Map(),
    ofUsers: new Set(),
    ofVisitors: new Set(),
    broken: null,
    step: 0,
    apartAt: -Infinity,
    isApart: false,
    fellAsleepAt: -Infinity,
    sleptAt: -Infinity,
    signOutAt: -Infinity,
    unlockedAt: -Infinity,
    planter: null,
    throttledAt: -Infinity,
    isStoreFaulty: false,
    storeFaultAt: -Infinity,
    storedNumber: new Map(),
    familiesOf: new Map(),
    ran: new Map(),
    passingSince: 0,
    neighbour: null,
    strangers: new Set(),
    foreignGrants: 0,
    emptiedAt: -Infinity,
    deniedAt: -Infinity,
    rendered: [],
    newestPage: -Infinity,
    adoptedAt: -Infinity,
    hasty: new Set(),
    lying: new Set(),
    failures: [],
    isCalm: false,
    broughtAt: [],
    pauses: [],
    doomed: new Map(),
    crashedAt: new Map(),
    handles: new Map(),
    connections: new Set(),
    now: world.time.passed,
    traces: !!trace,
    trace(text) {
      trace?.(`${String(Math.round(scene.now())).padStart(10)} ${text}`)
    },
    counts: {},
    must(rule, holds, text, excuses = NO_EXCUSES) {
      if (count(scene.counts, rule, holds, excuses) || holds) return
      scene.broken ??= { rule, text: `${text()} (after ${Math.round(scene.now())} ms)`, step: scene.step }
    },
    storeOf: (page) => noted(page, storeOf(page)),
  }
  return scene
}
