import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { createBrowser } from './browser.js'

let demo: Demo
const sockets: WebSocket[] = []
beforeEach(async () => {
  demo = await startDemo({ accessTokenTtl: 60 })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await demo.close()
})

interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
}

const ask = async (form: Record<string, string>): Promise<Tokens> => {
  const body = new URLSearchParams({ client_id: demo.clientId, ...form })
  return (await (await fetch(demo.tokenEndpoint, { method: 'POST', body })).json()) as Tokens
}

async function signIn(name: string): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url')
  const redirect_uri = `${demo.url}/tab.html`
  const query = new URLSearchParams({
    client_id: demo.clientId,
    redirect_uri,
    response_type: 'code',
    scope: 'openid',
    state: 'any',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const { searchParams } = await createBrowser(demo.url).signIn(`${demo.issuer}/auth?${query}`, name, '/tab.html')
  const code = searchParams.get('code') ?? ''
  return ask({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier })
}

const refresh = ({ refresh_token }: Tokens): Promise<Tokens> => ask({ grant_type: 'refresh_token', refresh_token })
const endOf = ({ access_token }: Tokens): string => access_token.slice(-4)

interface Line {
  /** What arrives next: a message, or the reason with which the connection was closed. */
  readonly next: () => Promise<unknown>
  readonly send: (tokens: Tokens | object) => void
}

/** A socket as a page has it. */
async function connect(origin = demo.url): Promise<Line> {
  const socket = new WebSocket(`${demo.url.replace('http', 'ws')}/api/feed`, { origin })
  sockets.push(socket)
  const got: unknown[] = []
  const waiting: ((what: unknown) => void)[] = []
  const arrive = (what: unknown): void => {
    const first = waiting.shift()
    if (first) first(what)
    else got.push(what)
  }
  socket.on('message', (data) => {
    arrive(JSON.parse((data as Buffer).toString()))
  })
  socket.on('close', (code, reason) => {
    arrive([code, reason.toString()])
  })
  await once(socket, 'open')
  return {
    next: async () => (got.length > 0 ? got.shift() : new Promise((resolve) => waiting.push(resolve))),
    send(what) {
      socket.send(JSON.stringify('access_token' in what ? { token: what.access_token } : what))
    },
  }
}

const stream = ({ access_token }: Tokens): Promise<Response> =>
  fetch(`${demo.url}/api/feed`, { headers: { authorization: `Bearer ${access_token}` } })

test('a newer token goes over the same socket, and the feed says which it has', async () => {
  const first = await signIn('Ada')
  const line = await connect()
  line.send(first)
  expect(await line.next()).toMatchObject({ type: 'token', end: endOf(first), number: 1 })
  const second = await refresh(first)
  // The same one again is no newer one.
  line.send(first)
  line.send(second)
  expect(await line.next()).toMatchObject({ type: 'token', end: endOf(second), number: 2 })
})

test.each([
  ['no token', { token: 1 }],
  ['no object', []],
  ['an unknown token', { token: 'junk' }],
])('a socket that brings %s is closed with 4401', async (_what, message) => {
  const line = await connect()
  line.send(message)
  expect(await line.next()).toEqual([4401, 'token refused'])
})

test('a token of another user closes the socket, so that nobody gets their messages', async () => {
  const line = await connect()
  line.send(await signIn('Ada'))
  expect(await line.next()).toMatchObject({ type: 'token' })
  line.send(await signIn('Bob'))
  expect(await line.next()).toEqual([4401, 'token refused'])
})

test('a socket from a page of another origin is refused', async () => {
  await expect(connect('https://elsewhere.example')).rejects.toThrow('403')
})

test('a socket and a stream are closed when their token expires', async () => {
  await demo.close()
  demo = await startDemo({ accessTokenTtl: 3 })
  const tokens = await signIn('Ada')
  const line = await connect()
  line.send(tokens)
  const response = await stream(tokens)
  expect(await line.next()).toMatchObject({ type: 'token' })
  expect(await line.next()).toEqual([4401, 'token expired'])
  expect(await response.text()).toMatch(/^event: token\ndata: \{"end":"....","number":1,"expiresIn":\d\}\n\n$/)
})

test('a sign-out on all devices by one page tells the others of the same user, and no other user', async () => {
  const [desk, phone, other] = [await signIn('Ada'), await signIn('Ada'), await signIn('Bob')]
  const lines = [await connect(), await connect()] as const
  lines[0].send(phone)
  lines[1].send(other)
  for (const line of lines) await line.next()
  const events = await stream(phone)
  const authorization = `Bearer ${desk.access_token}`
  const everywhere = (): Promise<Response> =>
    fetch(`${demo.url}/api/logout-everywhere`, { method: 'POST', headers: { authorization } })
  expect((await everywhere()).status).toBe(204)
  expect([await lines[0].next(), await lines[0].next()]).toEqual([{ type: 'verify' }, [4401, 'session over']])
  expect(await events.text()).toMatch(/event: verify\ndata: \{\}\n\n$/)
  expect([await refresh(phone), (await everywhere()).status]).toMatchObject([{ error: 'invalid_grant' }, 401])
  const newer = await refresh(other)
  lines[1].send(newer)
  expect(await lines[1].next()).toMatchObject({ type: 'token', end: endOf(newer) })
})

test('an end at the provider tells the pages as well', async () => {
  const line = await connect()
  line.send(await signIn('Ada'))
  await line.next()
  expect(await demo.signOutAtProvider('ada')).toBe(1)
  expect(await line.next()).toEqual({ type: 'verify' })
})
