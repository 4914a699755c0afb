import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { createStore, entries, set } from 'idb-keyval'
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWTPayload } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { dpop, type DpopOptions } from '../../../src/servers/dpop.js'
import type { DPoP } from '../../../src/servers/oauth.js'
import { names } from '../../contract/token-store.js'

const AS = 'https://id.example/token'
const RS = 'https://api.example/orders'

const answer = (url: string, headers: Record<string, string> = {}, status = 401): Response =>
  Object.defineProperty(new Response(null, { status, headers }), 'url', { value: url })

/** What an independent verifier makes of a proof: its claims, and whose key it is. */
async function verified(
  proof: string,
): Promise<JWTPayload & { htm?: string; htu?: string; ath?: string; key: string }> {
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: ['ES256'],
    requiredClaims: ['jti', 'htm', 'htu', 'iat'],
  })
  expect(Object.keys(protectedHeader.jwk!).sort()).toEqual(['crv', 'kty', 'x', 'y'])
  return { ...payload, key: await calculateJwkThumbprint(protectedHeader.jwk!) }
}

const keyOf = async ({ publicKey }: CryptoKeyPair): Promise<string> =>
  calculateJwkThumbprint(await crypto.subtle.exportKey('jwk', publicKey))

/** A tab, and what it said works with less. */
function tab(options?: DpopOptions) {
  const degraded: string[] = []
  const proofs = dpop(options)
  return {
    ...proofs,
    degraded,
    /** The tokens of a sign-in arrive. */
    signIn: async () =>
      proofs.receive!(
        { access_token: 'a' },
        { signal: new AbortController().signal, degraded: (feature) => degraded.push(feature) },
      ),
    key: async (accessToken?: string) => {
      const proof = await proofs.proof({ method: 'GET', url: RS, ...(accessToken && { accessToken }) })
      return (await verified(proof)).key
    },
  }
}

/** A tab that has signed in with a key of its own. */
async function signedIn(options?: DpopOptions): Promise<ReturnType<typeof tab> & { pair: CryptoKeyPair }> {
  const made = tab(options)
  const pair = await made.prepare()
  await made.signIn()
  return { ...made, pair }
}

const claims = async (made: DPoP, url = RS, method = 'GET', accessToken?: string) =>
  verified(await made.proof({ method, url, ...(accessToken && { accessToken }) }))

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('a proof', () => {
  it('is one to an independent verifier, for exactly this method and address', async () => {
    const made = await signedIn()
    const { htm, htu, key } = await claims(made, 'https://API.example:443/orders?page=2#top', 'PATCH')
    expect({ htm, htu }).toEqual({ htm: 'PATCH', htu: 'https://api.example/orders' })
    expect(key).toBe(await keyOf(made.pair))
  })

  it('binds an access token by its hash, and is bound to none without', async () => {
    const made = await signedIn()
    // RFC 9449 §7.1: the example's token and hash.
    const token = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'
    expect((await claims(made, RS, 'GET', token)).ath).toBe('fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo')
    expect(await claims(made)).not.toHaveProperty('ath')
  })

  it('is a new one each time', async () => {
    const made = await signedIn()
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await claims(made)).jti))
    expect(new Set(ids).size).toBe(20)
    // RFC 9449 §4.2: at least 96 bits.
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/)
  })

  it('is refused, and says what to do, where there is no key', async () => {
    await expect(tab().proof({ method: 'GET', url: RS })).rejects.toMatchObject({
      code: 'no_tokens',
      message: expect.stringContaining('prepare()') as string,
    })
  })
})

describe('the nonce of a server', () => {
  it('goes into its proofs and into no other server’s', async () => {
    const made = await signedIn()
    expect(made.nonce(answer(AS, { 'DPoP-Nonce': 'as-1' }))).toBe(true)
    expect(made.nonce(answer(RS, { 'DPoP-Nonce': 'rs-1' }))).toBe(true)
    expect((await claims(made, AS, 'POST')).nonce).toBe('as-1')
    expect((await claims(made, `${RS}/7?x`)).nonce).toBe('rs-1')
    for (const other of ['https://api.example:8443/orders', 'http://api.example/', 'https://api.example.evil.io/'])
      expect(await claims(made, other)).not.toHaveProperty('nonce')
  })

  it('is new once, and stays until there is a newer one', async () => {
    const made = await signedIn()
    const seen = ['1', '1', undefined, '2', '2', '1'].map((nonce) =>
      made.nonce(answer(RS, nonce ? { 'DPoP-Nonce': nonce } : {}, 200)),
    )
    expect(seen).toEqual([true, false, false, true, false, true])
    expect((await claims(made)).nonce).toBe('1')
  })

  it('is asked of answers that say nothing, or come from nowhere, without harm', () => {
    const made = tab()
    for (const response of [answer(RS), new Response(), answer('', { Date: 'soon' })])
      expect(made.nonce(response)).toBe(false)
  })
})

describe('the time of a proof', () => {
  const now = Date.parse('2030-01-01T12:00:00Z')
  const iat = async (made: DPoP) => (await claims(made)).iat! * 1e3 - now

  it.each([
    ['2 h behind', 7200],
    ['2 h ahead', -7200],
  ])('is the server’s, once a refusal has told it, where our clock is %s', async (_what, off) => {
    const made = await signedIn()
    vi.useFakeTimers({ now, toFake: ['Date'] })
    expect(await iat(made)).toBe(0)
    const date = new Date(now + off * 1e3).toUTCString()
    expect(made.nonce(answer(AS, { Date: date }, 400))).toBe(true)
    expect(await iat(made)).toBe(off * 1e3)
    expect(made.nonce(answer(RS, { Date: date }))).toBe(false)
    // The owner sets the clock right.
    vi.setSystemTime(now + off * 1e3)
    expect(made.nonce(answer(RS, { Date: date }))).toBe(true)
    expect(await iat(made)).toBe(off * 1e3)
  })

  it('is not taken from answers that worked, which may come from a cache', async () => {
    const made = await signedIn()
    vi.useFakeTimers({ now, toFake: ['Date'] })
    expect(made.nonce(answer(RS, { Date: new Date(now - 36e5).toUTCString() }, 200))).toBe(false)
    expect(await iat(made)).toBe(0)
  })

  // RFC 9110 §15.1: a browser may keep these without being told to, with the Date of then.
  it.each([404, 405, 410, 414, 501])('is not taken from a %i, which may come from a cache', async (status) => {
    const made = await signedIn()
    vi.useFakeTimers({ now, toFake: ['Date'] })
    expect(made.nonce(answer(RS, { Date: new Date(now - 36e5).toUTCString() }, status))).toBe(false)
    expect(await iat(made)).toBe(0)
  })

  it('is ours where the server’s differs by what all clocks differ by', async () => {
    const made = await signedIn()
    vi.useFakeTimers({ now, toFake: ['Date'] })
    expect(made.nonce(answer(RS, { Date: new Date(now - 4000).toUTCString() }))).toBe(false)
    expect(await iat(made)).toBe(0)
  })
})

describe('the key', () => {
  it('cannot be read out by anybody', async () => {
    const { privateKey } = await tab().prepare()
    expect(privateKey.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('jwk', privateKey)).rejects.toThrow()
  })

  it('is new for each sign-in, and the same until then, also after a redirect and in other tabs', async () => {
    const one = tab()
    const first = await keyOf(await one.prepare())
    expect(await keyOf(await one.prepare())).toBe(first)
    expect(await keyOf(await tab().prepare())).toBe(first)
    await one.signIn()
    const second = await keyOf(await tab().prepare())
    expect(second).not.toBe(first)
    expect(await keyOf(await one.prepare())).toBe(second)
  })

  it('of the next sign-in signs the proof of the exchange, while the session keeps its own', async () => {
    const made = await signedIn()
    const own = await keyOf(made.pair)
    const exchange = { method: 'POST', url: AS, prepared: true }
    const { key, htm, htu, ath } = await verified(await made.proof(exchange))
    expect([htm, htu, ath]).toEqual(['POST', AS, undefined])
    expect(key).not.toBe(own)
    expect(key).toBe(await keyOf(await made.prepare()))
    expect(await made.key()).toBe(own)
    await made.signIn()
    expect(await made.key('other')).toBe(key)
  })

  it('of two tabs that prepare at once is one', async () => {
    const pairs = await Promise.all([tab().prepare(), tab().prepare(), tab().prepare()])
    expect(new Set(await Promise.all(pairs.map(keyOf))).size).toBe(1)
  })

  it('is in force from the sign-in on, in all tabs, and not before', async () => {
    const one = await signedIn()
    const two = tab()
    const old = await keyOf(one.pair)
    expect(await two.key('token-1')).toBe(old)
    const next = await keyOf(await two.prepare())
    for (const each of [one, two]) expect([await each.key(), await each.key('token-1')]).toEqual([old, old])
    await two.signIn()
    for (const each of [one, two, tab()]) expect([await each.key(), await each.key('token-2')]).toEqual([next, next])
    expect([...one.degraded, ...two.degraded]).toEqual([])
  })

  it('is read once for each access token', async () => {
    const { key } = await signedIn()
    const get = vi.spyOn(IDBObjectStore.prototype, 'get')
    for (let count = 0; count < 5; count++) await key('token-1')
    expect(get).toHaveBeenCalledTimes(1)
    await key('token-2')
    expect(get).toHaveBeenCalledTimes(2)
  })

  it('stays where tokens come that no key was prepared for', async () => {
    const made = await signedIn()
    await made.signIn()
    expect(await made.key()).toBe(await keyOf(made.pair))
  })

  it('of one session is not another’s', async () => {
    const [one, two] = [await signedIn({ name: 'one' }), await signedIn({ name: 'two' })]
    expect(await one.key()).not.toBe(await two.key())
  })

  it('of each session is its own, whatever the names, and the default name has the bare keys', async () => {
    const proofs = dpop()
    const keys: string[] = []
    for (const name of names) {
      const part = proofs.forSession(name)
      keys.push(await keyOf(await part.prepare()))
      await part.receive!({ access_token: 'a' }, { signal: new AbortController().signal, degraded: () => undefined })
    }
    expect(new Set(keys).size).toBe(names.length)
    for (const [index, name] of names.entries()) {
      const proof = await dpop().forSession(name).proof({ method: 'GET', url: RS })
      expect((await verified(proof)).key).toBe(keys[index])
    }
    const stored = (await entries(createStore('sojourn', 'keyval'))).map(([key]) => key)
    expect(stored.sort()).toEqual(names.map((name) => (name === 'session' ? 'dpop' : `dpop:${name}`)).sort())
  })

  it('is that of the first session that the object is given to, for whoever calls prepare() on the object', async () => {
    const proofs = dpop()
    const [shop, admin] = [proofs.forSession('shop'), proofs.forSession('admin')]
    const pair = await proofs.prepare()
    expect(await keyOf(await shop.prepare())).toBe(await keyOf(pair))
    expect(await keyOf(await admin.prepare())).not.toBe(await keyOf(pair))
    // A callback page, without a session.
    expect(await keyOf(await dpop({ name: 'shop' }).prepare())).toBe(await keyOf(pair))
    expect(await keyOf(await proofs.forSession('shop').prepare())).toBe(await keyOf(pair))
  })

  it.each([
    [
      'prepared for the default session',
      async () => {
        const proofs = dpop()
        await proofs.prepare()
        return proofs
      },
    ],
    ['named for another session', async () => dpop({ name: 'admin' })],
  ])('is refused to a session that would look for it in vain: %s', async (_what, make) => {
    const proofs = await make()
    expect(() => proofs.forSession('shop')).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringContaining("dpop({ name: 'shop' })") as string,
      }),
    )
  })

  it('of the application’s own serves each session that it is given to', async () => {
    const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    const proofs = dpop({ keyPair })
    await proofs.prepare()
    for (const name of ['shop', 'admin']) {
      const proof = await proofs.forSession(name).proof({ method: 'GET', url: RS })
      expect((await verified(proof)).key).toBe(await keyOf(keyPair))
    }
  })

  it('goes with the nonces of its own session', async () => {
    const proofs = dpop()
    const parts = [proofs.forSession('shop'), proofs.forSession('admin')] as const
    for (const part of parts) {
      await part.prepare()
      await part.receive!({ access_token: 'a' }, { signal: new AbortController().signal, degraded: () => undefined })
    }
    expect(proofs.nonce(answer(RS, { 'DPoP-Nonce': 'n-shop' }))).toBe(true)
    expect((await claims(parts[0])).nonce).toBe('n-shop')
    expect(await claims(parts[1])).not.toHaveProperty('nonce')
  })

  it('may be the application’s own, and is then kept nowhere', async () => {
    const keyPair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    const open = vi.spyOn(indexedDB, 'open')
    const made = await signedIn({ keyPair })
    expect(made.pair).toBe(keyPair)
    expect(await made.key()).toBe(await keyOf(keyPair))
    expect(open).not.toHaveBeenCalled()
  })

  it('keeps no other tab from deleting the database', async () => {
    const { key } = await signedIn()
    await key('token')
    const deleted = indexedDB.deleteDatabase('sojourn')
    await new Promise((resolve, reject) => {
      deleted.onsuccess = resolve
      deleted.onblocked = reject
    })
  })
})

describe('a browser that does not store keys', () => {
  /** As Firefox's private windows and iOS in Lockdown Mode do: everything is stored but keys. */
  const refuseKeys = () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { put } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: unknown, key) {
      if (typeof value === 'object') throw new DOMException('a CryptoKey cannot be cloned', 'DataCloneError')
      return put.call(this, value, key)
    })
  }
  /** https://github.com/dialog-db/dialog-db/pull/473 */
  const loseKeys = () => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { put } = IDBObjectStore.prototype
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value: unknown, key) {
      return put.call(this, typeof value === 'object' ? null : value, key)
    })
  }
  const breakDown = () => {
    vi.stubGlobal('indexedDB', undefined)
  }

  it.each([refuseKeys, loseKeys, breakDown])(
    'has them in the memory of the tab that signs in, and says so: %s',
    async (fault) => {
      fault()
      const made = tab()
      const pair = await made.prepare()
      expect(await made.prepare()).toBe(pair)
      expect(made.degraded).toEqual([])
      await made.signIn()
      expect(made.degraded).toEqual(['dpop'])
      expect(await made.key()).toBe(await keyOf(pair))
      expect(await made.prepare()).not.toBe(pair)
    },
  )

  it.each([refuseKeys, loseKeys, breakDown])('is one for two callers at once: %s', async (fault) => {
    fault()
    const made = tab()
    const [one, two] = await Promise.all([made.prepare(), made.prepare()])
    expect(two).toBe(one)
    await made.signIn()
    expect(await made.key()).toBe(await keyOf(one))
  })

  it.each([refuseKeys, loseKeys, breakDown])(
    'keeps the last one where tokens come that no key was prepared for: %s',
    async (fault) => {
      fault()
      const made = await signedIn()
      await made.signIn()
      expect(await made.key()).toBe(await keyOf(made.pair))
    },
  )

  it('leaves other tabs and a reload without one, and never with the wrong one', async () => {
    const old = await signedIn()
    refuseKeys()
    const one = await signedIn()
    const two = await signedIn()
    expect(await two.key()).toBe(await keyOf(two.pair))
    for (const other of [old, one, tab()])
      await expect(other.proof({ method: 'GET', url: RS })).rejects.toMatchObject({ code: 'no_tokens' })
  })

  it('may recover, and then all tabs have the key again', async () => {
    refuseKeys()
    const one = await signedIn()
    vi.restoreAllMocks()
    const two = await signedIn()
    const key = await keyOf(two.pair)
    for (const each of [one, two, tab()]) expect(await each.key()).toBe(key)
    expect(two.degraded).toEqual([])
  })

  it('I8: is not waited for where it is silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    vi.stubGlobal('indexedDB', { open: () => ({}) })
    const made = tab()
    let pair: CryptoKeyPair | undefined
    void made.prepare().then((made) => (pair = made))
    // Its limit begins when the key is made, which takes real time.
    for (let round = 0; round < 1000 && !pair; round++) {
      await vi.advanceTimersByTimeAsync(100)
      await new Promise(setImmediate)
    }
    expect(pair).toHaveProperty('privateKey')
  })

  it('fails for a moment only where it does so for a moment', async () => {
    const made = await signedIn()
    const broken = new DOMException('of the disk', 'DataError')
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(() => {
      throw broken
    })
    await expect(made.proof({ method: 'GET', url: RS })).rejects.toBe(broken)
    expect(await made.key()).toBe(await keyOf(made.pair))
  })

  it('is opened again where the browser has dropped the connection', async () => {
    const made = await signedIn()
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(() => {
      throw new DOMException('lost', 'UnknownError')
    })
    expect(await made.key()).toBe(await keyOf(made.pair))
  })

  it('is not believed where somebody else wrote into it', async () => {
    await signedIn()
    await set('dpop', 'junk', createStore('sojourn', 'keyval'))
    await expect(tab().proof({ method: 'GET', url: RS })).rejects.toMatchObject({ code: 'no_tokens' })
  })
})

it('I9: nothing but keys is stored', async () => {
  const made = await signedIn()
  await made.prepare()
  made.nonce(answer(RS, { 'DPoP-Nonce': 'n' }))
  await made.key('secret-token')
  const stored = await entries(createStore('sojourn', 'keyval'))
  expect(stored.map(([key]) => key).sort()).toEqual(['dpop', 'dpop-next'])
  expect(JSON.stringify(stored)).not.toContain('secret')
})
