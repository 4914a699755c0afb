/**
 * What a test page does: it starts one session by a configuration that came in its URL, shows the phase as an application would,
 * and writes down everything that can be seen from outside. Nothing here looks into the library.
 */
import type {
  EndReason,
  Lease,
  Session,
  SessionEvents,
  SessionOptions,
  SessionServer,
  Snapshot,
  TokenResponse,
  TokenServer,
  TokenSession,
  TokenStore,
} from 'sojourn'
import type { Encryption } from 'sojourn/tokens/idb'
import { deny, takeAway, type Feature } from './features.js'

/** The names that a page needs; the script build has them flat on `Sojourn`, the modules have them by subpath. */
export interface Library {
  createSession(options?: SessionOptions): Session
  memoryTokens(): TokenStore
  oauth(options: { tokenEndpoint: string; clientId: string; revocationEndpoint?: string }): TokenServer
  /** Versions up to 0.1.0 take a server as it is. */
  customServer?(hooks: SessionServer): SessionServer
  companionCookie?(session: Session, name: string): () => void
  /** Versions up to 0.1.0 take `true`. */
  idbTokens?(options?: { encrypt?: Encryption }): TokenStore
  aesGcm?: Encryption
  lease?: Lease
  webStorageTokens?(storage?: () => Storage, key?: string): TokenStore
}

/** What can be said in a URL. */
export interface PageConfig {
  options?: Omit<SessionOptions, 'server' | 'tokenStore'>
  store?: 'idb' | 'idb-encrypted' | 'memory' | 'local'
  /** `none`: a session by cookie. */
  server?: 'oauth' | 'none'
  /** The origin of the token endpoint. @default the page's own */
  tokenOrigin?: string
  /** Also reports activity to the server, at `/alive`. */
  keepAlive?: boolean
  /** The name of a companion cookie. */
  companion?: string
  /** Browser features that this page shall not have. */
  without?: readonly Feature[]
  /** Browser features that refuse to serve this page. */
  denied?: readonly Feature[]
  /** How wrong this device's clock is, in ms. */
  clockOffset?: number
  /** Waits for `harness.start()`. */
  manual?: boolean
}

export interface Recorded {
  readonly type: keyof SessionEvents
  readonly detail: Record<string, unknown>
  /** By the page's clock, as an application would read it. */
  readonly at: number
}

/** What was on the screen after a load or a return from the back/forward cache. */
export interface Return {
  readonly persisted: boolean
  /** First what a listener of `pageshow` sees, then one entry per frame. */
  readonly frames: { readonly phase: string; readonly visible: boolean }[]
}

export interface TokenAnswer {
  readonly token: string | null
  readonly code: string | null
  readonly took: number
}

export interface Harness {
  /** Keeps no tokens where the configuration has no server. */
  readonly session: TokenSession
  readonly library: Library
  readonly events: Recorded[]
  readonly violations: string[]
  readonly uncaught: string[]
  readonly messages: unknown[]
  readonly steps: unknown[]
  /** The page's messages in the console. */
  readonly logs: string[]
  /** Writes to localStorage, by key. */
  readonly writes: string[]
  readonly fetches: { readonly url: string; readonly method: string; readonly keepalive: boolean }[]
  readonly databases: IDBDatabase[]
  start(): Promise<Snapshot>
  /** So many sessions, one after the other, beside the page's own: made, used and destroyed. */
  pairs(count: number): void
  next(type: keyof SessionEvents, count?: number): Promise<Recorded>
  token(options?: Parameters<TokenSession['getAccessToken']>[0]): Promise<TokenAnswer>
  tokens(count: number, options?: Parameters<TokenSession['getAccessToken']>[0]): Promise<TokenAnswer[]>
  signIn(tokens?: TokenResponse, login?: string): Promise<string | null>
  /** Moves the wall clock only, as a sleeping machine or its owner does. */
  shiftClock(ms: number): void
  now(): number
  /** Every byte that this origin keeps, as text. */
  stores(): Promise<string>
  /** Everything that this page has sent, stored or printed, as text. */
  told(): string
  returns(): Return[]
  signedOut(): { reason: EndReason | null; endedAt: number | null } | null
}

declare global {
  interface Window {
    harness: Harness
  }
}

const root = document.documentElement
const realNow = Date.now.bind(Date)
let offset = 0

function installClock(): void {
  const RealDate = Date
  const shifted = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [realNow() + offset] : args, newTarget) as object,
    get: (target, key, receiver) =>
      key === 'now' ? () => realNow() + offset : (Reflect.get(target, key, receiver) as unknown),
  })
  globalThis.Date = shifted
}

/** An error as its finder would print it: with everything that hangs on it. */
function plain(value: unknown, depth = 0): unknown {
  if (!(value instanceof Error) || depth > 4) return value
  return {
    ...Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member, depth + 1)])),
    name: value.name,
    message: value.message,
    stack: value.stack,
    ...('code' in value ? { code: value.code } : {}),
    cause: plain(value.cause, depth + 1),
  }
}

export function installHarness(library: Library): void {
  const config = JSON.parse(new URL(location.href).searchParams.get('config') ?? '{}') as PageConfig
  offset = config.clockOffset ?? 0
  installClock()
  config.without?.forEach(takeAway)
  config.denied?.forEach(deny)

  const events: Recorded[] = []
  const violations: string[] = []
  const uncaught: string[] = []
  const messages: unknown[] = []
  const steps: unknown[] = []
  const logs: string[] = []
  const writes: string[] = []
  const fetches: Harness['fetches'][number][] = []
  const databases: IDBDatabase[] = []
  const waiting: { type: string; count: number; resolve: (event: Recorded) => void }[] = []
  let session: TokenSession | null = null

  document.addEventListener('securitypolicyviolation', (event) => {
    violations.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`)
  })
  window.addEventListener('error', (event) => {
    uncaught.push(JSON.stringify(plain(event.error ?? event.message)))
  })
  window.addEventListener('unhandledrejection', (event) => {
    uncaught.push(JSON.stringify(plain(event.reason)))
  })
  watchGlobals()

  function watchGlobals(): void {
    for (const level of ['debug', 'log', 'info', 'warn', 'error'] as const) {
      const show = console[level].bind(console)
      console[level] = (...what: unknown[]) => {
        logs.push(what.map((part) => JSON.stringify(plain(part))).join(' '))
        show(...what)
      }
    }
    if ('BroadcastChannel' in window && 'postMessage' in BroadcastChannel.prototype) {
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
      const post = BroadcastChannel.prototype.postMessage
      BroadcastChannel.prototype.postMessage = function (message: unknown) {
        messages.push(message)
        post.call(this, message)
      }
    }
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const setItem = Storage.prototype.setItem
    Storage.prototype.setItem = function (key: string, value: string) {
      if (!key.startsWith('harness.')) writes.push(`${key}=${value}`)
      setItem.call(this, key, value)
    }
    const send = window.fetch.bind(window)
    window.fetch = (input, init) => {
      const request = input instanceof Request ? input : null
      fetches.push({
        url: request?.url ?? String(input instanceof Request ? input.url : input),
        method: init?.method ?? request?.method ?? 'GET',
        keepalive: init?.keepalive ?? request?.keepalive ?? false,
      })
      return send(input, init)
    }
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const open = IDBFactory.prototype.open
    IDBFactory.prototype.open = function (name: string, version?: number) {
      const request = version === undefined ? open.call(this, name) : open.call(this, name, version)
      request.addEventListener('success', () => databases.push(request.result))
      return request
    }
  }

  function record(type: keyof SessionEvents, detail: Record<string, unknown>): void {
    const event: Recorded = { type, detail, at: Date.now() }
    events.push(event)
    for (const waiter of waiting.slice()) {
      if (waiter.type !== type || events.filter((each) => each.type === type).length < waiter.count) continue
      waiting.splice(waiting.indexOf(waiter), 1)
      waiter.resolve(event)
    }
  }

  function tokenStore(): TokenStore {
    switch (config.store ?? 'idb') {
      case 'memory':
        return library.memoryTokens()
      case 'local':
        return library.webStorageTokens?.() ?? library.memoryTokens()
      case 'idb-encrypted':
        return (
          library.idbTokens?.({ encrypt: library.aesGcm ?? (true as unknown as Encryption) }) ?? library.memoryTokens()
        )
      case 'idb':
        return library.idbTokens?.() ?? library.memoryTokens()
    }
  }

  function server(): SessionServer {
    const oauth = library.oauth({
      tokenEndpoint: new URL('/token', config.tokenOrigin ?? location.origin).href,
      revocationEndpoint: new URL('/revoke', config.tokenOrigin ?? location.origin).href,
      clientId: 'app',
    })
    if (!config.keepAlive) return oauth
    const own: SessionServer = {
      ...oauth,
      async keepAlive({ signal }) {
        await fetch('/alive', { method: 'POST', signal })
      },
    }
    return library.customServer?.(own) ?? own
  }

  function start(): Promise<Snapshot> {
    const made = library.createSession({
      ...(library.lease && { lease: library.lease }),
      ...config.options,
      ...(config.server === 'none' ? {} : { server: server(), tokenStore: tokenStore() }),
    })
    session = made as TokenSession
    const kinds: (keyof SessionEvents)[] = [
      'signedIn',
      'warning',
      'extended',
      'signedOut',
      'switched',
      'refreshed',
      'refreshFailed',
      'degraded',
    ]
    for (const kind of kinds) {
      made.on(kind, (detail) => {
        record(kind, Object.fromEntries(Object.entries(detail as object).map(([key, value]) => [key, plain(value)])))
      })
    }
    made.inspect((step) => steps.push(step))
    if (config.companion) library.companionCookie?.(made, config.companion)
    const app = document.querySelector('#app')
    const render = (): void => {
      const { phase } = made.getSnapshot()
      if (app) app.textContent = phase === 'active' || phase === 'warning' ? 'Signed in' : 'Signed out'
    }
    made.subscribe(render)
    render()
    watchReturns(made)
    return made.ready
  }

  /** A page that comes back may reload at once: what was seen until then is kept in sessionStorage. */
  function watchReturns(made: Session): void {
    // A page of the tests has elements with such names.
    EventTarget.prototype.addEventListener.call(window, 'pageshow', (event) => {
      const { persisted } = event as PageTransitionEvent
      const seen: Return = { persisted, frames: [] }
      const place = keptReturns().length
      const look = (): void => {
        const { visibility } = getComputedStyle(root)
        seen.frames.push({ phase: made.getSnapshot().phase, visible: visibility !== 'hidden' })
        // The frames of the return before may go on after this one has begun.
        keepReturns(keptReturns().toSpliced(place, 1, seen))
        if (seen.frames.length < 10) requestAnimationFrame(look)
      }
      look()
    })
  }

  async function token(options?: Parameters<TokenSession['getAccessToken']>[0]): Promise<TokenAnswer> {
    const from = performance.now()
    try {
      const value = await harness.session.getAccessToken(options)
      return { token: value, code: null, took: performance.now() - from }
    } catch (error) {
      steps.push(plain(error))
      const code = (error as { code?: unknown }).code
      return { token: null, code: typeof code === 'string' ? code : String(error), took: performance.now() - from }
    }
  }

  const harness: Harness = {
    get session() {
      if (!session) throw new Error('the page has not started its session')
      return session
    },
    library,
    events,
    violations,
    uncaught,
    messages,
    steps,
    logs,
    writes,
    fetches,
    databases,
    start,
    pairs(count) {
      for (let pair = 0; pair < count; pair++) {
        const one = library.createSession(config.options)
        const stop = one.subscribe(() => undefined)
        one.on('signedOut', () => undefined)
        one.touch()
        if (one.getSnapshot().phase !== 'active') throw new Error('there is no session to look after')
        if (pair % 2) stop()
        one.destroy()
      }
    },
    next(type, count = 1) {
      const found = events.filter((event) => event.type === type)[count - 1]
      if (found) return Promise.resolve(found)
      return new Promise((resolve) => waiting.push({ type, count, resolve }))
    },
    token,
    tokens: (count, options) => Promise.all(Array.from({ length: count }, () => token(options))),
    async signIn(tokens, login) {
      try {
        await harness.session.signIn(tokens, login === undefined ? undefined : { login })
        return null
      } catch (error) {
        return String((error as { code?: unknown }).code ?? error)
      }
    },
    shiftClock(ms) {
      offset += ms
    },
    now: () => Date.now(),
    stores: readStores,
    told: () =>
      JSON.stringify({
        events,
        messages,
        steps,
        logs,
        uncaught,
        violations,
        title: document.title,
        url: location.href,
      }),
    returns: keptReturns,
    signedOut() {
      const snapshot = harness.session.getSnapshot()
      return snapshot.phase === 'signedOut' ? { reason: snapshot.reason, endedAt: snapshot.endedAt } : null
    },
  }
  window.harness = harness
  if (!config.manual) void start()
}

function keptReturns(): Return[] {
  try {
    return JSON.parse(sessionStorage.getItem('harness.returns') ?? '[]') as Return[]
  } catch {
    // An opaque origin keeps nothing.
    return []
  }
}

function keepReturns(all: Return[]): void {
  try {
    sessionStorage.setItem('harness.returns', JSON.stringify(all))
  } catch {
    // As above.
  }
}

async function readStores(): Promise<string> {
  const found: string[] = []
  for (const storage of ['localStorage', 'sessionStorage'] as const) {
    try {
      found.push(...Object.entries(window[storage]).map(([key, value]) => `${key}=${String(value)}`))
    } catch {
      // Denied: then nothing of ours is in it.
    }
  }
  try {
    for (const { name } of await indexedDB.databases())
      if (name !== undefined) found.push(...(await readDatabase(name)))
  } catch {
    // The same.
  }
  return found.join('\n')
}

async function readDatabase(name: string): Promise<string[]> {
  const database = await settled(indexedDB.open(name))
  const found: string[] = []
  for (const store of Array.from(database.objectStoreNames)) {
    const values = database.transaction(store).objectStore(store)
    for (const value of await settled<unknown[]>(values.getAll()))
      found.push(`${name}/${store}: ${JSON.stringify(value)}`)
  }
  database.close()
  return found
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('IndexedDB failed'))
    }
  })
}
