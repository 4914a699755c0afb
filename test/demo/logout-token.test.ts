import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTHeaderParameters } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLogoutTokens } from '../../demo/server/logout-token.mjs'
import { createMemorySessions } from '../../demo/server/memory-sessions.mjs'

const issuer = 'https://id.example'
const clientId = 'app'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

const keysServer = createServer()
let key: CryptoKey
let foreignKey: CryptoKey
let jwksUri: URL
beforeAll(async () => {
  const pair = await generateKeyPair('ES256')
  key = pair.privateKey
  foreignKey = (await generateKeyPair('ES256')).privateKey
  const body = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] })
  keysServer.on('request', (_req, res) => res.setHeader('Content-Type', 'application/json').end(body))
  keysServer.listen(0, 'localhost')
  await once(keysServer, 'listening')
  jwksUri = new URL(`http://localhost:${(keysServer.address() as AddressInfo).port}/jwks`)
})
afterAll(async () => {
  keysServer.close()
  keysServer.closeAllConnections()
  await once(keysServer, 'close')
})

let check: ReturnType<typeof createLogoutTokens>
beforeEach(() => {
  const { isFirst } = createMemorySessions({ absoluteTimeout: 60 })
  check = createLogoutTokens({ issuer, clientId, jwksUri, isFirst })
})

const now = (): number => Math.floor(Date.now() / 1000)
/** A right token, but for what is given; `undefined` leaves a claim out. */
const token = (
  claims: Record<string, unknown> = {},
  header: Partial<JWTHeaderParameters> = {},
  signingKey = key,
): Promise<string> =>
  new SignJWT({
    iss: issuer,
    aud: clientId,
    iat: now(),
    exp: now() + 120,
    jti: 'one',
    sub: 'ada',
    sid: '1',
    events: { [EVENT]: {} },
    ...claims,
  })
    .setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'logout+jwt', ...header })
    .sign(signingKey)

describe('a logout token', () => {
  test('names a user, a login, or a login of a user', async () => {
    expect(await check(await token())).toEqual({ sub: 'ada', sid: '1' })
    expect(await check(await token({ sid: undefined, jti: 'two' }))).toEqual({ sub: 'ada' })
    expect(await check(await token({ sub: undefined, jti: 'three' }))).toEqual({ sid: '1' })
  })

  test('counts once', async () => {
    const right = await token()
    await check(right)
    await expect(check(right)).rejects.toThrow('used already')
  })

  test('does not count as used where it was refused', async () => {
    await expect(check(await token({ nonce: 'n' }))).rejects.toThrow('nonce')
    expect(await check(await token())).toEqual({ sub: 'ada', sid: '1' })
  })

  test.each<[string, Record<string, unknown>, Partial<JWTHeaderParameters>?]>([
    ['of another issuer', { iss: 'https://other.example' }],
    ['for another client', { aud: 'other' }],
    ['that has expired', { iat: now() - 100, exp: now() - 60 }],
    ['that is old', { iat: now() - 600, exp: now() + 600 }],
    ['from the future', { iat: now() + 600, exp: now() + 700 }],
    ['without a time', { iat: undefined }],
    ['without an end', { exp: undefined }],
    ['without an id', { jti: undefined }],
    ['with an id that is no text', { jti: 1 }],
    ['without events', { events: undefined }],
    ['with another event', { events: { other: {} } }],
    ['with an event that is no object', { events: { [EVENT]: 'x' } }],
    ['with a nonce', { nonce: 'n' }],
    ['that names nobody', { sub: undefined, sid: undefined }],
    ['with a login that is no text', { sid: 1 }],
    ['that is an ID token', {}, { typ: 'JWT' }],
    ['without a type', {}, { typ: undefined as never }],
    ['of an unknown key', {}, { kid: 'other' }],
  ])('%s is refused', async (_what, claims, header) => {
    await expect(check(await token(claims, header))).rejects.toMatchObject({ name: 'LogoutTokenError' })
  })

  test('that is signed with another key, or with none, is refused', async () => {
    const unsigned = `${Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url')}.${(await token()).split('.')[1] ?? ''}.`
    for (const wrong of [await token({}, {}, foreignKey), unsigned, 'junk', '', undefined])
      await expect(check(wrong)).rejects.toMatchObject({ name: 'LogoutTokenError' })
  })

  test('that cannot be checked is not called wrong', async () => {
    const nowhere = new URL('http://localhost:1/jwks')
    const unable = createLogoutTokens({ issuer, clientId, jwksUri: nowhere, isFirst: () => Promise.resolve(true) })
    await expect(unable(await token())).rejects.not.toMatchObject({ name: 'LogoutTokenError' })
  })
})
