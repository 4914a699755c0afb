/**
 * Connections to a server that asks the demo's provider about each token. The tab is in a simulated world, and the provider reads
 * that world's time: access tokens of 10 s expire in no time. What goes over the network is real.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { connect, eventStream, webSocket, type ConnectOptions } from '../../src/connect.js'
import { createFetch } from '../../src/fetch.js'
import { oauth } from '../../src/servers/oauth.js'
import { createWorld, SECOND, type Tab, type World } from '../unit/session/world.js'
import { signIn } from './code-flow.js'
import { startFeeds, type FeedClient, type Feeds } from './feeds.js'

/** Seconds. */
const TOKEN_LIFE = 10

// A second of the world takes some 50 ms of the network's.
vi.setConfig({ testTimeout: 30_000 })

let demo: Demo
let feeds: Feeds
let world: World
let tab: Tab
let states: Record<FeedClient['kind'], string[]>
let shown: Record<FeedClient['kind'], string[]>

/** Lets the network do its work while the world's time stands still, until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  const limit = performance.now() + 1e4
  while (!isSo() && performance.now() < limit) {
    await world.advance(0)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(isSo(), String(isSo)).toBe(true)
}

async function settled<T>(work: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  work.then(settle, settle)
  await until(() => isSettled)
  return work
}

async function passSecond(): Promise<void> {
  vi.setSystemTime(world.time.clock().wall + SECOND)
  await world.advance('1s')
}

beforeEach(async () => {
  world = createWorld()
  world.tokens.delay = () => 0
  // The sockets and the servers of Node keep their timers.
  vi.useFakeTimers({ toFake: ['Date'], now: world.time.clock().wall })
  vi.stubGlobal('WebSocket', WebSocket)
  demo = await startDemo({ accessTokenTtl: TOKEN_LIFE })
  const metadata = await fetch(`${demo.issuer}/.well-known/openid-configuration`)
  const { introspection_endpoint } = (await metadata.json()) as { readonly introspection_endpoint: string }
  feeds = await startFeeds(introspection_endpoint, demo.clientId)
  states = { socket: [], stream: [] }
  shown = { socket: [], stream: [] }
  tab = world.tab({ server: oauth({ issuer: demo.issuer, clientId: demo.clientId }) })
  await settled(tab.session.signIn({ ...(await signIn(demo, 'Ada')) }))
})
afterEach(async () => {
  tab.session.destroy()
  await feeds.close()
  await demo.close()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const follow = (kind: FeedClient['kind']): ConnectOptions => ({
  onState({ state }) {
    states[kind].push(state)
  },
})

/** `renews`: newer tokens go to the server over the connection. */
function openSocket(renews: boolean): void {
  const send = (token: string): string => token
  const receive = ({ data }: MessageEvent): void => void shown.socket.push(String(data))
  connect(
    tab.session,
    webSocket(feeds.socketUrl, { open: send, ...(renews && { renew: send }), receive }),
    follow('socket'),
  )
}

/** A stream goes one way: a newer token is told by a request beside it, which names the stream. */
function openStream(renews: boolean): void {
  const api = createFetch(tab.session, { origins: [new URL(feeds.streamUrl).origin] })
  connect(
    tab.session,
    (connection) =>
      eventStream(api, feeds.streamUrl, ({ type, data }) => {
        if (type !== 'opened') shown.stream.push(data)
        else if (renews) connection.onToken(() => void api(`${feeds.streamUrl}/${data}`, { method: 'POST' }))
      })(connection),
    follow('stream'),
  )
}

const refreshes = (): number => demo.counters().total.refreshes
/** How many different tokens each client of this kind has brought. */
const tokensOf = (kind: FeedClient['kind']): number[] =>
  feeds.clients.filter((client) => client.kind === kind).map(({ tokens }) => new Set(tokens).size)

test('a socket and a stream are told five newer tokens of 10 s, and are never cut off', async () => {
  openSocket(true)
  openStream(true)
  await until(() => feeds.clients.length === 2 && states.socket.length === 2 && states.stream.length === 2)
  for (let second = 1; second <= 29; second++) {
    tab.input()
    await passSecond()
    // Half of a token's life before it expires, since that is shorter than `refreshBefore`.
    const count = 1 + Math.floor(second / 5)
    await until(() => tokensOf('socket')[0] === count && tokensOf('stream')[0] === count)
    await feeds.check()
    for (const { send } of feeds.clients) send(String(second))
    await until(() => shown.socket.length === second && shown.stream.length === second)
  }
  expect(refreshes()).toBe(5)
  expect(feeds.clients.map(({ cutOff }) => cutOff)).toEqual([false, false])
  expect(feeds.refused).toEqual([])
  expect(states).toEqual({ socket: ['connecting', 'up'], stream: ['connecting', 'up'] })
  expect([tokensOf('socket'), tokensOf('stream')]).toEqual([[6], [6]])
})

test('a socket and a stream that are told no newer token are cut off at 10 s, and come back with one', async () => {
  openSocket(false)
  openStream(false)
  await until(() => feeds.clients.length === 2 && states.socket.length === 2 && states.stream.length === 2)
  for (let second = 1; second <= 10; second++) {
    expect(feeds.clients.map(({ cutOff }) => cutOff)).toEqual([false, false])
    tab.input()
    await passSecond()
    await until(() => refreshes() === Math.floor(second / 5))
    await feeds.check()
  }
  expect(feeds.clients.map(({ cutOff }) => cutOff)).toEqual([true, true])
  await until(() => states.socket.length === 4 && states.stream.length === 3)
  await passSecond()
  await until(() => feeds.clients.length === 4 && states.stream.length === 5)
  // The server refused the socket's token, and there is a newer one. The stream was lost, as far as a page can see.
  expect(states.socket).toEqual(['connecting', 'up', 'connecting', 'up'])
  expect(states.stream).toEqual(['connecting', 'up', 'waiting', 'connecting', 'up'])
  expect([tokensOf('socket'), tokensOf('stream')]).toEqual([
    [1, 1],
    [1, 1],
  ])
  expect(feeds.refused).toEqual([])
})

test('a socket of an idle user is cut off once and waits for the user, without a refresh', async () => {
  openSocket(true)
  await until(() => feeds.clients.length === 1 && states.socket.length === 2)
  for (let second = 1; second <= 60; second++) {
    await passSecond()
    await feeds.check()
  }
  await until(() => states.socket.includes('waiting'))
  expect(states.socket).toEqual(['connecting', 'up', 'waiting'])
  expect([refreshes(), feeds.clients.length]).toEqual([0, 1])
  tab.input()
  await until(() => states.socket.length === 5 && feeds.clients.length === 2)
  expect(states.socket.slice(3)).toEqual(['connecting', 'up'])
  expect([refreshes(), tokensOf('socket')]).toEqual([1, [1, 1]])
})
