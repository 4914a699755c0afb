/** Real clients and servers of other libraries, on a session in a simulated world and on a real network. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { connect, eventStream, webSocket, type ConnectOptions, type Connection } from '../../../src/connect.js'
import { createFetch } from '../../../src/fetch.js'
import { createWorld, type Tab, type World } from '../session/world.js'
import { graphql, signalR, signalROptions, signalROverSocket, socketIo, socketIoOptions, supabase } from './recipes.js'
import {
  startGraphqlFeed,
  startSignalRFeed,
  startSignalRSocketFeed,
  startSocketFeed,
  startSocketIoFeed,
  startStreamFeed,
  startSupabaseFeed,
  type FeedServer,
  type SignalRSocketFeed,
} from './servers.js'

interface Recipe {
  readonly start: () => Promise<FeedServer>
  readonly run: (tab: Tab, url: string, show: (text: unknown) => void) => (connection: Connection) => Promise<unknown>
  readonly options?: ConnectOptions
  /** Whether newer tokens go to the server over the connection. */
  readonly renews: boolean
}

const recipes: Record<string, Recipe> = {
  ws: {
    start: startSocketFeed,
    run: (_tab, url, show) =>
      webSocket(url, { open: (token) => token, renew: (token) => token, receive: ({ data }) => show(String(data)) }),
    renews: true,
  },
  'server-sent events': {
    start: startStreamFeed,
    run: (tab, url, show) => eventStream(createFetch(tab.session, { origins: [url] }), url, ({ data }) => show(data)),
    renews: false,
  },
  'graphql-ws': {
    start: startGraphqlFeed,
    run: (_tab, url, show) =>
      graphql(url, 'subscription { news }', (result) => show((result as { data: { news: string } }).data.news)),
    renews: true,
  },
  'socket.io': {
    start: startSocketIoFeed,
    run: (_tab, url, show) => socketIo(url, show),
    options: socketIoOptions,
    renews: true,
  },
  SignalR: {
    start: startSignalRFeed,
    run: (_tab, url, show) => signalR(url, show),
    options: signalROptions,
    renews: false,
  },
  'SignalR over a WebSocket': {
    start: startSignalRSocketFeed,
    run: (_tab, url, show) => signalROverSocket(url, show),
    options: signalROptions,
    renews: true,
  },
  'Supabase realtime': {
    start: startSupabaseFeed,
    run: (_tab, url, show) => supabase(url, show, WebSocket as never),
    options: { isRefused: (reason) => String(reason).includes('Unauthorized') },
    renews: true,
  },
}

let feed: FeedServer
beforeEach(() => {
  vi.stubGlobal('WebSocket', WebSocket)
  // SignalR's client does in Node what no browser can: it sends the token of a WebSocket in a header.
  vi.stubGlobal('process', Object.create(process, { release: { value: { name: 'none' } } }))
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await feed.close()
})

/** Lets real time pass for the network, and the same number of milliseconds in the world, until `isSo()` is true. */
async function until(world: World, isSo: () => boolean): Promise<void> {
  const limit = performance.now() + 3e3
  while (!isSo() && performance.now() < limit) {
    await world.advance(1)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(isSo(), String(isSo)).toBe(true)
}

/** A tab with this recipe, which connects when `connected()` is called. */
const open = async ({ start, run, options }: Recipe) => {
  feed = await start()
  const world = createWorld()
  const tab = await world.signedIn()
  const shown: unknown[] = []
  const states: string[] = []
  const connected = (): void => {
    connect(
      tab.session,
      run(tab, feed.url, (text) => shown.push(text)),
      { ...options, onState: ({ state }) => states.push(state) },
    )
  }
  return { world, tab, shown, states, connected }
}

describe.each(Object.entries(recipes))('%s', (_name, recipe) => {
  it('the recipe is connected while somebody is signed in, and gets the messages of the server', async () => {
    const { world, tab, shown, states, connected } = await open(recipe)
    connected()
    await until(world, () => feed.open() === 1 && states.includes('up'))
    feed.send('hello')
    await until(world, () => shown.length === 1)
    expect(shown).toEqual(['hello'])
    expect(new Set(feed.tokens)).toEqual(new Set(['access-f1-1']))
    expect(feed.urls.filter((url) => url.includes('access-'))).toEqual([])
    void tab.session.signOut()
    feed.send('late')
    await until(world, () => feed.open() === 0)
    expect(shown).toEqual(['hello'])
    expect(states).toEqual(['connecting', 'up', 'closed'])
    expect(feed.count()).toBe(1)
  })

  it('the recipe connects again with a token after the connection was lost', async () => {
    const { world, shown, states, connected } = await open(recipe)
    connected()
    await until(world, () => feed.open() === 1 && states.includes('up'))
    feed.drop()
    await until(
      world,
      () => feed.count() === 2 && feed.open() === 1 && states.filter((one) => one === 'up').length === 2,
    )
    feed.send('again')
    await until(world, () => shown.length === 1)
    expect(states).toEqual(['connecting', 'up', 'waiting', 'connecting', 'up'])
  })

  it('S115: the recipe gives the next user their own connection and token', async () => {
    const { world, tab, shown, states, connected } = await open(recipe)
    connected()
    await until(world, () => feed.open() === 1 && states.includes('up'))
    feed.send('of the first')
    const replaced = tab.session.signIn(world.grant())
    await world.until(replaced)
    const before = shown.length
    await until(
      world,
      () => feed.count() === 2 && feed.open() === 1 && states.filter((one) => one === 'up').length === 2,
    )
    feed.send('of the second')
    await until(world, () => shown.length === before + 1)
    expect(shown.slice(before)).toEqual(['of the second'])
    expect(feed.tokens.at(-1)).toBe('access-f2-1')
  })

  it('S116: the recipe stops after one refresh if the server refuses each token', async () => {
    const { world, states, connected } = await open(recipe)
    feed.accepts = () => false
    connected()
    await until(world, () => states.includes('refused'))
    await world.advance('10m')
    expect(new Set(feed.tokens)).toEqual(new Set(['access-f1-1', 'access-f1-2']))
    expect(world.server.count('refresh')).toBe(1)
  })
})

describe.each(Object.entries(recipes).filter(([, { renews }]) => renews))(
  '%s, with tokens in band',
  (_name, recipe) => {
    it('S112: the recipe takes 30 newer tokens without a new connection', async () => {
      const { world, tab, states, connected } = await open(recipe)
      connected()
      await until(world, () => feed.open() === 1 && states.includes('up'))
      for (let count = 2; count <= 31; count++) {
        await world.until(tab.session.getAccessToken({ forceRefresh: true }))
        await until(world, () => feed.tokens.includes(`access-f1-${count}`))
      }
      expect(feed.count()).toBe(1)
      expect(feed.open()).toBe(1)
    })
  },
)

describe('SignalR over a WebSocket', () => {
  it('SignalR over a WebSocket has a ticket in its URL, which opens no second socket', async () => {
    const { world, states, connected } = await open(recipes['SignalR over a WebSocket']!)
    connected()
    await until(world, () => states.includes('up'))
    expect(feed.urls).toEqual([
      '/negotiate?negotiateVersion=1',
      '/hub/negotiate?negotiateVersion=1',
      '/hub?id=of-ticket-1&access_token=ticket-1',
    ])
    const again = new WebSocket(`${feed.url.replace('http', 'ws')}${feed.urls[2]!}`)
    const status = new Promise((resolve) => {
      again.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
    })
    expect(await status).toBe(401)
    again.on('error', () => undefined).terminate()
  })

  it('SignalR over a WebSocket sends pings, and does not show the pings of the server', async () => {
    const recipe: Recipe = {
      ...recipes['SignalR over a WebSocket']!,
      run: (_tab, url, show) => signalROverSocket(url, show, 1),
    }
    const { world, shown, states, connected } = await open(recipe)
    connected()
    await until(world, () => states.includes('up'))
    // A message that arrives sets the client's timer for pings.
    feed.send('after a ping')
    await until(world, () => shown.length > 0 && (feed as SignalRSocketFeed).pings() > 0)
    expect(shown).toEqual(['after a ping'])
  })
})
