import { promisifyRequest, type UseStore } from 'idb-keyval'
import { sessionError } from '../errors.js'
import { ownOrigin } from '../util/origins.js'
import { openDatabase } from '../tokens/stores/idb-connection.js'
import { sessionKey } from '../util/session-key.js'
import { customDpop, type CustomDPoP, type Proofs } from './proofs.js'
import { checkOptions } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'

export type { CustomDPoP, DPoP } from './proofs.js'

/** Where {@link dpop} keeps its keys, or which key it has. */
export interface DpopOptions {
  /**
   * The session's name, for pages that call `prepare()` before they have a session, or without one.
   * @default the name of the first session that it is given to
   */
  name?: string
  /** A P-256 key of your own, which is then used for everything, and kept nowhere. */
  keyPair?: CryptoKeyPair
}

/** A key, or the mark of one that could not be stored. */
type Stored = CryptoKeyPair | string | undefined

/** A difference of the server's clock that is no reason to try again, ms. */
const TOLERANCE = 5e3

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
/** RFC 7515 §2. */
const base64url = (data: ArrayBuffer | Uint8Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(data)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')
const part = (value: object): string => base64url(bytes(JSON.stringify(value)))
const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(16)))
const originOf = (url: string): string => url.split('/', 3).join('/')
const read = (objects: IDBObjectStore, key: string): Promise<Stored> => promisifyRequest<Stored>(objects.get(key))

/**
 * Proof of possession (RFC 9449) for `oauth()`: tokens that are bound to a key are worth nothing to whoever copies them. ES256; no
 * script can read the key out, though one that runs in your page can use it there and then (§11.4).
 *
 * The key lies in IndexedDB, for all tabs and over reloads. Where the browser refuses to store it, it stays in the memory of the
 * tab that signed in, and `degraded` says so: other tabs, and a reload, then answer `no_tokens`. It needs https or localhost.
 *
 * Each sign-in has a key of its own: give `prepare()` to your login library, before it leaves for the login page and again when
 * it trades the code for tokens. A key that is merely prepared touches no session; `signIn()` puts it in force.
 *
 * @example With oauth4webapi as the login library
 * ```ts
 * const proofs = dpop()
 * const session = createSession({ server: oauth({ issuer: 'https://id.example.com', clientId: 'app', dpop: proofs }) })
 * const handle = oauth4webapi.DPoP(client, await proofs.prepare())
 * ```
 */
export function dpop(options: DpopOptions = {}): CustomDPoP {
  if (DEVELOPMENT) checkOptions('dpop', options, { name: 'string', keyPair: 'object' })
  const { keyPair } = options
  let { name } = options
  let isGiven = false
  const parts = new Map<string, Part>()
  const database = openDatabase()
  const partOf = (session: string): Part => {
    const part = parts.get(session) ?? createPart(session, keyPair, database)
    parts.set(session, part)
    return part
  }
  const own = (): Part => partOf((name ??= 'session'))
  return customDpop({
    forSession(session: string) {
      // The prepared key is stored under another name than this session's.
      if (!isGiven && !keyPair && (name ?? session) !== session)
        throw sessionError(
          'invalid_options',
          DEVELOPMENT &&
            `dpop() has keys for '${String(name)}' and is given to session '${session}'. Give dpop({ name: '${session}' }).`,
        )
      isGiven = true
      name ??= session
      return partOf(session)
    },
    prepare: () => own().prepare(),
    receive: (...what) => own().receive(...what),
    proof: (request) => own().proof(request),
    nonce: (response) => own().nonce(response),
  })
}

type Part = Proofs & { receive: NonNullable<Proofs['receive']> }

/** The keys of one session, and what servers said to it. */
function createPart(session: string, keyPair: CryptoKeyPair | undefined, database: UseStore): Part {
  const KEY = sessionKey('dpop', session)
  const NEXT = sessionKey('dpop-next', session)
  const nonces = new Map<string, string>()
  /** How far the servers' clock is ahead of ours, ms. */
  let ahead = 0
  /** Keys that the browser does not store. The mark is stored in place of one, so that no tab takes an older key for it. */
  let next: CryptoKeyPair | undefined
  let held: CryptoKeyPair | undefined
  let mark: string | undefined
  /** The token of the last proof, and its key: a token is bound to one for its life. */
  let last: { readonly token: string | undefined; readonly pair: CryptoKeyPair } | undefined

  const access = <T>(mode: IDBTransactionMode, work: (objects: IDBObjectStore) => Promise<T>): Promise<T> =>
    database(mode, async (objects) => {
      const result = await work(objects)
      // A request that succeeded is not stored yet: quota and disk errors come when the transaction commits.
      await promisifyRequest(objects.transaction)
      return result
    })

  const load = async (): Promise<CryptoKeyPair> => {
    const stored =
      keyPair ??
      (await access('readonly', (objects) => read(objects, KEY)).catch((error: unknown): Stored => {
        if (mark) return mark
        throw error
      }))
    const pair = stored === mark ? held : stored
    if (typeof pair === 'object') return pair
    throw sessionError('no_tokens', DEVELOPMENT && 'The key of the tokens is not here. Sign in, with prepare().')
  }

  const prepare = async (): Promise<CryptoKeyPair> => {
    const known = keyPair ?? next
    if (known) return known
    // Browsers have it on https and localhost alone: https://github.com/grimmory-tools/grimmory/issues/2076
    if (!(crypto as Partial<Crypto>).subtle)
      throw sessionError(
        'invalid_options',
        DEVELOPMENT && 'dpop() needs https, or localhost: its keys need Web Crypto.',
      )
    // Made beforehand and mostly thrown away, for a transaction does not wait. What counts is what can be read back: Safari
    // takes keys that it then gives out as null, https://github.com/dialog-db/dialog-db/pull/473
    const fresh = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const stored = await access('readwrite', async (objects) => {
      if (!(await read(objects, NEXT))) objects.put(fresh, NEXT)
      return read(objects, NEXT)
    }).catch(() => null)
    return (stored as CryptoKeyPair | null) ?? (next ??= fresh)
  }

  return {
    prepare,

    async receive(_tokens, { degraded }) {
      if (keyPair) return
      const fresh = next
      next = undefined
      if (fresh) [held, mark] = [fresh, random()]
      const isStored = await access('readwrite', async (objects) => {
        const value = fresh ? mark : await read(objects, NEXT)
        if (value) {
          objects.put(value, KEY)
          objects.delete(NEXT)
        }
        // Tokens that no key was prepared for leave the one in force that this tab has.
        return !fresh && !!(value ?? !mark)
      }).catch(() => false)
      if (isStored) mark = undefined
      else degraded('dpop', DEVELOPMENT ? 'Only this tab has the key.' : 'dpop')
    },

    async proof({ method, url, accessToken, prepared }) {
      const known = accessToken && accessToken === last?.token ? last.pair : undefined
      const pair = known ?? (await (prepared ? prepare() : load()))
      last = { token: accessToken, pair }
      const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey)
      // As everywhere, a path is of the page's own origin, whatever `<base>` says.
      const [target = ''] = new Request(new URL(url, ownOrigin())).url.split(/[?#]/)
      const nonce = nonces.get(originOf(target))
      const head = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }
      const claims = {
        jti: random(),
        htm: method,
        htu: target,
        iat: Math.floor((Date.now() + ahead) / 1e3),
        nonce,
        ath: accessToken && base64url(await crypto.subtle.digest('SHA-256', bytes(accessToken))),
      }
      const text = `${part(head)}.${part(claims)}`
      const signing = { name: 'ECDSA', hash: 'SHA-256' }
      return `${text}.${base64url(await crypto.subtle.sign(signing, pair.privateKey, bytes(text)))}`
    },

    nonce({ url, status, headers }) {
      // Only refusals are read: a success, or a 404 (RFC 9110 §15.1), may come from a cache, with an old `Date`.
      const off = status === 400 || status === 401 ? Date.parse(headers.get('Date') ?? '') - Date.now() - ahead : 0
      const isOff = Math.abs(off) > TOLERANCE
      if (isOff) ahead += off
      const nonce = headers.get('DPoP-Nonce')
      const isNew = nonce && nonce !== nonces.get(originOf(url))
      if (isNew) nonces.set(originOf(url), nonce)
      return !!isNew || isOff
    },
  }
}
