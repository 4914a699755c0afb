/** `createFetch` in place of fetch in clients that people use, as docs/requests.md shows it. */
import axios from 'axios'
import { GraphQLClient } from 'graphql-request'
import ky from 'ky'
import createClient from 'openapi-fetch'
import { expect, it } from 'vitest'
import { SessionError } from '../../src/errors.js'
import { createFetch } from '../../src/fetch.js'
import { oauth } from '../../src/servers/oauth.js'
import { createWorld, type World } from './session/world.js'

const API = 'https://api.example.com'

interface Orders {
  '/orders': {
    post: {
      requestBody: { content: { 'application/json': { amount: number } } }
      responses: { 200: { content: { 'application/json': { data: { orders: string } } } } }
    }
  }
}

/** Each sends an order, and gives back what the answer says. */
const clients: Readonly<Record<string, (api: typeof fetch, url: string, signal?: AbortSignal) => Promise<unknown>>> = {
  async ky(api, url, signal) {
    const client = ky.create({ prefixUrl: url, fetch: api, ...(signal && { signal }) })
    return (await client.post('orders', { json: { amount: 2 } }).json<{ data: unknown }>()).data
  },
  async axios(api, url, signal) {
    const client = axios.create({ baseURL: url, adapter: 'fetch', env: { fetch: api } })
    const { data } = await client.post<{ data: unknown }>('/orders', { amount: 2 }, signal && { signal })
    return data.data
  },
  async 'openapi-fetch'(api, url, signal) {
    const client = createClient<Orders>({ baseUrl: url, fetch: api })
    const { data } = await client.POST('/orders', { body: { amount: 2 }, ...(signal && { signal }) })
    return data?.data
  },
  async 'graphql-request'(api, url, signal) {
    const client = new GraphQLClient(`${url}/graphql`, { fetch: api, ...(signal && { signal }) })
    return client.request<unknown>('{ orders }')
  },
}

/** An API that takes the newest token alone, and its authorization server. */
async function start(world: World) {
  const seen: { url: string; authorization: string | null; body: string }[] = []
  let refreshes = 0
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    if (request.url.endsWith('/token')) {
      refreshes++
      return Response.json({ access_token: 'a2', token_type: 'Bearer', expires_in: 300, refresh_token: 'r2' })
    }
    const authorization = request.headers.get('Authorization')
    seen.push({ url: request.url, authorization, body: await request.text() })
    return authorization === 'Bearer a2' || !request.url.startsWith(API)
      ? Response.json({ data: { orders: 'done' } })
      : new Response(null, { status: 401 })
  }
  const server = oauth({ tokenEndpoint: 'https://id.example.com/token', clientId: 'app', fetch: send })
  const { session } = world.tab({ server })
  await world.until(session.signIn({ access_token: 'a1', expires_in: 300, refresh_token: 'r1' }))
  return { api: createFetch(session, { origins: [API], fetch: send }), seen, refreshes: () => refreshes }
}

it.each(Object.entries(clients))(
  '%s sends a refused request once more, with the same body and a newer token, refreshed once',
  async (_name, call) => {
    const world = createWorld()
    const { api, seen, refreshes } = await start(world)
    const answers = await world.until(Promise.all([call(api, API), call(api, API), call(api, API)]))
    expect(answers).toEqual([1, 2, 3].map(() => ({ orders: 'done' })))
    expect(refreshes()).toBe(1)
    expect(seen.map(({ authorization }) => authorization).sort()).toEqual(
      ['a1', 'a1', 'a1', 'a2', 'a2', 'a2'].map((token) => `Bearer ${token}`),
    )
    expect(new Set(seen.map(({ body }) => body)).size).toBe(1)
    expect(seen[0]!.body).toMatch(/"amount":2|orders/)
  },
)

it.each(Object.entries(clients))('%s sends no token to other origins', async (_name, call) => {
  const world = createWorld()
  const { api, seen } = await start(world)
  await world.until(call(api, 'https://other.example.com'))
  expect(seen.map(({ authorization }) => authorization)).toEqual([null])
})

it.each(Object.entries(clients))('%s can be aborted', async (_name, call) => {
  const world = createWorld()
  const { api, seen } = await start(world)
  await expect(world.until(call(api, API, AbortSignal.abort()))).rejects.toMatchObject({
    name: expect.stringMatching(/Abort|Cancel/) as string,
  })
  expect(seen).toEqual([])
})

it('each client fails with the SessionError if there is no token, axios with one as its cause', async () => {
  const world = createWorld()
  const { api } = await start(world)
  const session = world.tab().session
  const lost = createFetch(session, { origins: [API], fetch: api })
  await world.until(session.signOut())
  for (const call of Object.values(clients)) {
    const error: unknown = await world.until(call(lost, API)).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'SessionError', code: 'signed_out' })
    // axios copies name and code.
    const own = axios.isAxiosError(error) ? error.cause : error
    expect(own).toBeInstanceOf(SessionError)
  }
  expect(await world.until(clients['axios']!(lost, API)).catch(axios.isAxiosError)).toBe(true)
})
