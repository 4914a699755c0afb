import { afterEach, beforeEach, expect, test } from 'vitest'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { post, signIn, type Tokens } from './code-flow.js'

let demo: Demo
beforeEach(async () => {
  demo = await startDemo({ accessTokenTtl: 2 })
})
afterEach(() => demo.close())

const refresh = ({ refresh_token }: Tokens): Promise<Response> =>
  post(demo, demo.tokenEndpoint, { grant_type: 'refresh_token', refresh_token })

const callResource = ({ access_token }: Tokens): Promise<Response> =>
  fetch(`${demo.url}/api/me`, { headers: { authorization: `Bearer ${access_token}` } })

const count = (): ReturnType<Demo['counters']>['total'] => demo.counters().total

test('an access token opens the resource until it expires, and a refreshed one does so again', async () => {
  const first = await signIn(demo, 'Ada')
  expect(first.expires_in).toBe(2)
  expect(await (await callResource(first)).json()).toMatchObject({ name: 'Ada' })
  await expect.poll(async () => (await callResource(first)).status, { timeout: 4000 }).toBe(401)
  const second = (await (await refresh(first)).json()) as Tokens
  expect((await callResource(second)).status).toBe(200)
  expect(count()).toMatchObject({ tokenCalls: 2, signIns: 1, refreshes: 1, reuse: 0 })
})

test('a refresh token used twice revokes the whole grant, and no other', async () => {
  const first = await signIn(demo, 'Ada')
  const other = await signIn(demo, 'Bob')
  const second = (await (await refresh(first)).json()) as Tokens
  const again = await refresh(first)
  expect([again.status, await again.json()]).toMatchObject([400, { error: 'invalid_grant' }])
  expect((await callResource(second)).status).toBe(401)
  expect((await refresh(second)).status).toBe(400)
  expect((await callResource(other)).status).toBe(200)
  expect(count()).toMatchObject({ refreshes: 1, refused: 2, reuse: 1 })
})

test('a revoked refresh token revokes its access token', async () => {
  const tokens = await signIn(demo, 'Ada')
  await post(demo, demo.revocationEndpoint, { token: tokens.refresh_token, token_type_hint: 'refresh_token' })
  expect((await callResource(tokens)).status).toBe(401)
  expect(count().revocations).toBe(1)
  expect(Object.values(demo.counters().bySignIn)).toMatchObject([{ revocations: 1 }])
})

test('503 and 429 leave the refresh token unused', async () => {
  const tokens = await signIn(demo, 'Ada')
  demo.setFault('unavailable')
  expect((await refresh(tokens)).status).toBe(503)
  demo.setFault('limited')
  const limited = await refresh(tokens)
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '5'])
  demo.setFault('none')
  expect((await refresh(tokens)).status).toBe(200)
})

test('a lost reply has used the refresh token, once', async () => {
  const tokens = await signIn(demo, 'Ada')
  demo.setFault('lost')
  await expect(refresh(tokens)).rejects.toThrow()
  expect(demo.fault()).toBe('none')
  expect((await refresh(tokens)).status).toBe(400)
  expect(count()).toMatchObject({ refreshes: 1, reuse: 1 })
})

test('a hanging endpoint sends no response, and does not keep the server from closing', async () => {
  const tokens = await signIn(demo, 'Ada')
  demo.setFault('hang')
  const settled = refresh(tokens).then(
    () => 'answered',
    () => 'cut off',
  )
  await expect.poll(() => count().tokenCalls).toBe(2)
  await demo.close()
  expect(await settled).toBe('cut off')
  demo = await startDemo()
})

test('no page can switch faults without a preflight, and no path leads out of the folders', async () => {
  const form = await fetch(`${demo.url}/demo/faults`, { method: 'POST', body: new URLSearchParams({ fault: 'hang' }) })
  expect(form.status).toBe(415)
  const unknown = await fetch(`${demo.url}/demo/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"fault":"constructor"}',
  })
  expect(unknown.status).toBe(400)
  for (const path of ['/pages/..%2fserver.mjs', '/pages/%2e%2e/server.mjs', '/package.json', '/dist/../package.json'])
    expect((await fetch(demo.url + path)).status).toBe(404)
})

test('every page has a policy that allows no script without its nonce', async () => {
  for (const path of ['/', '/tab.html', '/script-tag.html', '/login/none']) {
    const response = await fetch(demo.url + path)
    const policy = response.headers.get('content-security-policy') ?? ''
    const [, nonce = 'none'] = /'nonce-([^']+)'/.exec(policy) ?? []
    const scripts = (await response.text()).match(/<script[^>]*/g) ?? []
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'")
    expect(scripts.filter((script) => !script.includes(`nonce="${nonce}"`))).toEqual([])
  }
})
