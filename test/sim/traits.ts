import type { Engine } from '../../src/testing.js'
import type { Random } from './random.js'

/** What stays the same in one world. Lengths of time in ms. */
export interface Traits {
  /** Whose ways frozen and cached pages have. */
  readonly engine: Engine
  /** The library's own ports on a page made of fakes, or the fake ports that it ships. */
  readonly ports: 'browser' | 'kit'
  /** Whether the monotonic clock runs while the machine sleeps. */
  readonly windows: boolean
  readonly mostTabs: number

  readonly idle: number
  readonly warnBefore: number
  readonly absolute: number
  readonly activityExtends: boolean
  readonly reloads: boolean

  /** A token server that ends the grant when a refresh token comes twice, one with a grace period, a session by cookie, both, or none. */
  readonly server: 'strict' | 'grace' | 'cookie' | 'gateway' | 'none'
  /** Whether it can be told of activity, and asked how long is left. */
  readonly keepAlive: boolean
  readonly check: boolean
  readonly tokenLife: number
  /** The library's own `oauth` and `cookieSession` over HTTP, where they fit the server. */
  readonly wired: boolean
  /** When the server ends a grant of tokens, after the sign-in. */
  readonly grantLife: number
  /** What the server's own idle time is, as a part of ours. */
  readonly serverIdle: number

  readonly store: 'shared' | 'local' | 'memory'
  readonly locks: 'work' | 'missing' | 'refused'
  readonly channel: boolean
  readonly storage: boolean
  /** How long, at most, writes, messages, accesses to the token store and calls take. */
  readonly lag: number
  readonly delay: number
  readonly access: number
  readonly network: number
  /** How many of the messages and storage events are lost. */
  readonly lost: number
  /** Whether each page keeps a connection, or one page for all. */
  readonly connection: 'none' | 'tab' | 'device'
}

const SECOND = 1e3
const MINUTE = 6e4

/** The world that most people live in. */
export const USUAL: Traits = {
  engine: 'chromium',
  ports: 'browser',
  windows: false,
  mostTabs: 3,
  idle: 15 * MINUTE,
  warnBefore: 2 * MINUTE,
  absolute: 12 * 60 * MINUTE,
  activityExtends: false,
  reloads: true,
  server: 'strict',
  keepAlive: false,
  check: false,
  tokenLife: 5 * MINUTE,
  wired: false,
  grantLife: Infinity,
  serverIdle: 1,
  store: 'shared',
  locks: 'work',
  channel: true,
  storage: true,
  lag: 0,
  delay: 2,
  access: 1,
  network: 20,
  lost: 0,
  connection: 'none',
}

export function drawTraits({ pick, chance, below }: Random): Traits {
  const idle = pick([MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE])
  const server = pick(['strict', 'strict', 'grace', 'cookie', 'gateway', 'none'] as const)
  const usual = chance(0.5)
  const store = pick(['shared', 'shared', 'shared', 'local', 'memory'] as const)
  const locks = usual ? 'work' : pick(['work', 'work', 'missing', 'refused'] as const)
  return {
    engine: pick(['chromium', 'firefox', 'webkit']),
    // Where there are no locks, the fake ports let everybody go ahead, which is worse than the lease of the real ones.
    ports: locks !== 'work' || chance(0.6) ? 'browser' : 'kit',
    windows: chance(0.2),
    mostTabs: 1 + below(6),
    idle,
    warnBefore: pick([20 * SECOND, idle / 3, Math.min(2 * MINUTE, idle / 2)]),
    absolute: chance(0.4) ? idle * pick([1, 1.5, 2, 4]) : 12 * 60 * MINUTE,
    activityExtends: chance(0.25),
    reloads: chance(0.8),
    server,
    keepAlive: server === 'cookie' ? chance(0.8) : chance(0.15),
    check: server === 'cookie' ? chance(0.8) : chance(0.15),
    tokenLife: pick([30 * SECOND, 5 * MINUTE, 60 * MINUTE]),
    serverIdle: pick([0.5, 1, 1, 2]),
    store,
    locks,
    channel: usual || chance(0.7),
    storage: usual || chance(0.7),
    lag: pick([0, 0, 5, 50]),
    delay: pick([2, 20, 500]),
    access: pick([1, 20, 800]),
    network: pick([20, 200, 3 * SECOND]),
    lost: usual ? 0 : pick([0, 0.1, 0.5]),
    wired: chance(0.4),
    // In memory each tab knows of the ends of its own tokens alone.
    grantLife:
      ['strict', 'grace'].includes(server) && store !== 'memory' && chance(0.15) ? idle * pick([1, 1.5, 3]) : Infinity,
    connection: pick(['none', 'none', 'none', 'tab', 'device']),
  }
}
