import type { Engine } from '../../src/testing.js'
import type { Random } from './random.js'

/** The constants of one world. Durations are in ms. */
export interface Traits {
  /** The engine whose behaviour frozen and cached pages have. */
  readonly engine: Engine
  /** `browser`: the library's own ports on a page of fakes; `kit`: the fake ports that it ships. */
  readonly ports: 'browser' | 'kit'
  /** True if the monotonic clock runs while the machine sleeps. */
  readonly windows: boolean
  readonly mostTabs: number

  readonly idle: number
  readonly warnBefore: number
  readonly absolute: number
  readonly activityExtends: boolean
  readonly reloads: boolean

  /** A token server with strict reuse detection, one with a grace period, a session by cookie, both, or none. */
  readonly server: 'strict' | 'grace' | 'cookie' | 'gateway' | 'none'
  /** True if the server has `keepAlive` and `check`. */
  readonly keepAlive: boolean
  readonly check: boolean
  readonly tokenLife: number
  /** True: the library's own `oauth` and `cookieSession` over HTTP, if they fit the server. */
  readonly wired: boolean
  /** When the server ends a grant of tokens, after the sign-in. */
  readonly grantLife: number
  /** The server's own idle timeout, as a fraction of ours. */
  readonly serverIdle: number

  readonly store: 'shared' | 'local' | 'memory'
  readonly locks: 'work' | 'missing' | 'refused'
  readonly channel: boolean
  readonly storage: boolean
  /** The longest durations of writes, messages, accesses to the token store, and calls. `PROPAGATION_DELAY` is longer than the first. */
  readonly lag: number
  readonly delay: number
  readonly access: number
  readonly network: number
  /** The fraction of messages and storage events that are lost. */
  readonly lost: number
  /** The connections: one for each page, one for all pages, or none. */
  readonly connection: 'none' | 'tab' | 'device'
}

const SECOND = 1e3
const MINUTE = 6e4

/** The usual world. */
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
    // Without locks the fake ports let every tab go ahead, which is worse than the lease of the real ones.
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
    lag: pick([0, 0, 5, 50, 250]),
    delay: pick([2, 20, 500]),
    access: pick([1, 20, 800]),
    network: pick([20, 200, 3 * SECOND]),
    lost: usual ? 0 : pick([0, 0.1, 0.5]),
    wired: chance(0.4),
    // With tokens in memory each tab knows only the ends of its own tokens.
    grantLife:
      ['strict', 'grace'].includes(server) && store !== 'memory' && chance(0.15) ? idle * pick([1, 1.5, 3]) : Infinity,
    connection: pick(['none', 'none', 'none', 'tab', 'device']),
  }
}
