/** A whole day of work in three tabs leaves nothing behind, and no token outside the token store. */
import { queryObjects } from 'node:v8'
import { afterEach, expect, it, vi } from 'vitest'
import { createFetch } from '../../../src/fetch.js'
import { SessionError } from '../../../src/errors.js'
import { oauth } from '../../../src/servers/oauth.js'
import { createWorld, MINUTE, outcome, SECOND, type Tab, type World } from './world.js'

const API = 'https://api.example.com'
const DAY = { idleTimeout: '30m', absoluteTimeout: false, warnBefore: '5m' } as const

/** An authorization server and an API. Every token contains `mark`, and a server that fails quotes the request. */
function serve(world: World, mark: string) {
  const state = { fails: false, current: '', count: 0, refreshes: 0, urls: new Set<string>() }
  const issue = () => {
    state.current = `${mark}-refresh-${String(++state.count)}`
    const access_token = `${mark}-access-${String(state.count)}`
    return { access_token, token_type: 'Bearer', expires_in: 300, refresh_token: state.current }
  }
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    state.urls.add(request.url)
    const body = new URLSearchParams(await request.text())
    await new Promise<void>((resolve) => world.time.later({ frozen: false, gone: false }, 20, resolve))
    if (state.fails) return new Response(`cannot ${[...body, ...request.headers].join()}`, { status: 503 })
    if (!request.url.endsWith('/token')) return new Response('ok')
    state.refreshes++
    const isOver = body.get('refresh_token') !== state.current
    const error_description = `unknown ${body.get('refresh_token') ?? ''}`
    return isOver
      ? Response.json({ error: 'invalid_grant', error_description }, { status: 400 })
      : Response.json(issue())
  }
  const endpoints = { tokenEndpoint: `${API}/token`, revocationEndpoint: `${API}/revoke` }
  return { state, issue, send, server: oauth({ ...endpoints, clientId: 'app', fetch: send }) }
}

/** One hour: work, for some minutes with a server that fails, and then a warning that is answered in another tab. */
async function work(world: World, tabs: readonly Tab[], served: ReturnType<typeof serve>, failures: unknown[]) {
  const calls = tabs.map(({ session }) => createFetch(session, { origins: [API], fetch: served.send }))
  const request = async (turn: number): Promise<unknown> =>
    world.until(outcome(calls[turn % calls.length]!(`${API}/orders?page=${String(turn)}`)), MINUTE)
  for (let minute = 0; minute < 34; minute += 2) {
    served.state.fails = minute > 20 && minute < 28
    tabs[minute % tabs.length]!.input()
    const answer = await request(minute)
    if (!(answer instanceof Response)) failures.push(answer)
    await world.advance(2 * MINUTE)
  }
  await world.advance(25 * MINUTE)
  for (const tab of tabs) expect(tab.phase()).toBe('warning')
  expect(await tabs[1]!.session.extend()).toBe(true)
  await world.advance(MINUTE)
}

afterEach(() => {
  vi.restoreAllMocks()
})

const open = async (world: World, mark: string): Promise<{ served: ReturnType<typeof serve>; tabs: Tab[] }> => {
  vi.spyOn(Date, 'now').mockImplementation(() => world.time.clock().wall)
  const served = serve(world, mark)
  const tabs = [1, 2, 3].map(() => world.tab({ ...DAY, server: served.server }))
  await world.until(tabs[0]!.session.signIn(served.issue(), { login: `${mark} of the login` }))
  return { served, tabs }
}

it('I9: a whole day leaves no token in any message, event, error, step, report, URL or other store', async () => {
  const mark = 'only-for-the-server'
  const world = createWorld()
  const { served, tabs } = await open(world, mark)
  const seen: unknown[] = []
  const failures: unknown[] = []
  for (const tab of tabs) {
    tab.session.inspect((step) => seen.push(step))
    tab.session.on('refreshFailed', ({ error }) => failures.push(error))
  }
  for (let hour = 0; hour < 3; hour++) await work(world, tabs, served, failures)
  expect(JSON.stringify(world.tokens.stored)).toContain(mark)
  await world.until(tabs[2]!.session.signOut())
  await world.until(tabs[0]!.session.signIn({ ...served.issue(), refresh_token: `${mark}-nobody-knows` }))
  await world.until(outcome(tabs[1]!.session.getAccessToken({ forceRefresh: true })).then((one) => failures.push(one)))
  await world.advance(SECOND)
  for (const tab of tabs) expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })

  expect(failures).toHaveLength(43)
  for (const tab of tabs) seen.push(tab.heard, tab.degraded, tab.warnings, tab.reports, tab.session.getSnapshot())
  for (let error of failures as (Error | undefined)[])
    for (; error; error = error.cause as Error | undefined) seen.push(error, error.message, error.stack)
  seen.push(
    world.channel.posted.map(({ message }) => message),
    [...served.state.urls],
    [...world.storage.stored],
  )
  expect(JSON.stringify(seen)).not.toContain(mark)
  expect(world.tokens.stored).toBeNull()
})

it('I10: 24 hours of work leave no more timers, texts and memory than the first ones', async () => {
  // Uses the world's own server, because Node's requests keep references to each other.
  const world = createWorld()
  const tabs = [await world.signedIn(DAY), world.tab(DAY), world.tab(DAY)]
  const hour = async (): Promise<void> => {
    for (let turn = 0; turn < 17; turn++) {
      world.server.reply = () => (turn > 9 && turn < 13 ? { fails: new SessionError('server') } : {})
      const tab = tabs[turn % tabs.length]!
      tab.input()
      await world.until(outcome(tab.session.getAccessToken({ forceRefresh: turn % 5 === 0 })), MINUTE)
      tab.session.hold()()
      await world.advance(2 * MINUTE)
    }
    await world.advance(25 * MINUTE)
    for (const tab of tabs) expect(tab.phase()).toBe('warning')
    expect(await tabs[1]!.session.extend()).toBe(true)
    await world.advance(MINUTE)
  }
  const measure = (): { objects: number; timers: number; text: number } => {
    // Drops the records of the test itself.
    for (const tab of tabs) tab.heard.length = 0
    world.channel.posted.length = world.server.calls.length = 0
    return {
      // `queryObjects` collects garbage first. A number of bytes would include the compiler's own data.
      objects: queryObjects(Object, { format: 'count' }),
      timers: Math.max(...tabs.map((tab) => tab.timers())),
      text: [...world.storage.stored.values()].join('').length,
    }
  }
  for (let hours = 0; hours < 6; hours++) await hour()
  measure()
  const before = measure()
  for (let hours = 6; hours < 24; hours++) await hour()
  const after = measure()
  expect(after.timers).toBe(1)
  // The generation has one more digit.
  expect(after.text).toBe(before.text + 1)
  // eslint-disable-next-line no-restricted-syntax -- a heap is never counted twice alike
  expect(after.objects).toBeLessThan(before.objects + 20)
  for (const tab of tabs) expect(tab.reports).toEqual([])
}, 30_000)

it('I10: 1,000 sessions in one page leave no listener or timer in the page', () => {
  const world = createWorld()
  const undone: string[] = []
  const page = world.page()
  for (let pair = 0; pair < 1000; pair++) {
    const tab = world.tab(DAY)
    tab.session.touch()
    tab.session.destroy()
    if (tab.timers() > 0 || tab.listensToInput()) undone.push(tab.name)
  }
  expect(undone).toEqual([])
  expect(page.timers()).toBe(0)
})
