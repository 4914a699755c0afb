/** Faults that were found from outside: with the documents alone, by trying to break the promises. */
import { afterEach, expect, it, vi } from 'vitest'
import { companionCookie } from '../../../src/companion.js'
import { connect, eventStream } from '../../../src/connect.js'
import { sessionData } from '../../../src/data.js'
import { SessionError } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import { journal } from '../../../src/journal.js'
import { sessionProvider } from '../../../src/otel.js'
import { browserPorts } from '../../../src/ports/browser.js'
import { customServer } from '../../../src/servers/custom.js'
import { eachSession } from '../../../src/session/each-session.js'
import { createSessionWith } from '../../../src/testing.js'
import { follow } from '../connect/connections.js'
import { createWorld, outcome } from './world.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

it('a prerendered page stops the work of a session when it learns of the end', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  const ahead = world.tab({}, { prerendered: true })
  const log: string[] = []
  eachSession(ahead.session, () => {
    log.push('start')
    return () => log.push('stop')
  })
  await world.until(tab.session.signOut())
  expect(ahead.session.check().phase).toBe('signedOut')
  expect(log).toEqual(['start', 'stop'])
})
it('a prerendered page never serves two users at once, and serves the second one when it is opened', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  const ahead = world.tab({ stalePage: 'event' }, { prerendered: true })
  const log: string[] = []
  const users: string[] = []
  eachSession(ahead.session, ({ id }) => {
    log.push(`start ${id}`)
    users.push(id)
    return () => log.push(`stop ${id}`)
  })
  const feed = follow(ahead)
  const seen = journal(ahead.session)
  const otel: string[] = []
  sessionProvider(ahead.session).addObserver({
    onSessionStarted: ({ id }) => otel.push(`+${id}`),
    onSessionEnded: ({ id }) => otel.push(`-${id}`),
  })
  await world.until(tab.session.signIn(world.grant()))
  ahead.session.check()
  const before = [...log]
  ahead.activate()
  await world.advance('1m')
  ahead.input()
  await world.until(tab.session.signOut())
  const [a, b] = [users[0] ?? '', users[1] ?? '']
  expect(before).toEqual([`start ${a}`, `stop ${a}`, `start ${b}`])
  expect(log.at(-1)).toBe(`stop ${b}`)
  expect(otel).toEqual([`-${a}`, `+${b}`, `-${b}`])
  expect(feed.opened.length).toBe(1)
  expect(seen.entries().at(-1)).toMatchObject({ what: 'end', why: 'signOut' })
})
it('eachSession() starts for the session whose data it finds, also with two sign-ins at once', async () => {
  const world = createWorld()
  const tabs = [world.tab(), world.tab()]
  for (const tab of tabs)
    eachSession(tab.session, ({ id }) => {
      const data = sessionData(tab.session)
      if (!data.getItem('owner')) data.setItem('owner', id)
    })
  await world.until(Promise.all(tabs.map((tab) => tab.session.signIn())))
  await world.advance('1s')
  const data = sessionData(tabs[1]!.session)
  expect(data.getItem('owner')).toBe(data.id)
})
it('a connection that is up is still reported as up after the event `online`', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  const { opened, states } = follow(tab)
  await world.advance('1s')
  opened[0]!.lose(new Error('lost'))
  await world.advance('5s')
  expect(states.at(-1)).toBe('1500 up')
  tab.hint('online')
  await world.advance('1m')
  expect(opened[1]!.isOver()).toBe(false)
  expect(states.at(-1)).toBe('1500 up')
})
it('verify() is not answered by a refresh that was sent before it', async () => {
  for (const where of ['same tab', 'other tab']) {
    const world = createWorld()
    const tab = await world.signedIn()
    const other = where === 'same tab' ? tab : world.tab()
    await world.advance('10s')
    world.server.reply = () => ({ after: 4000 })
    void other.session.getAccessToken({ forceRefresh: true })
    await world.advance('3s') // the server has acted, and its reply is on the way
    world.server.reply = () => ({})
    world.server.revoke({ access_token: '', refresh_token: 'refresh-f1-1' }) // "sign out on all devices", and a push
    expect.soft([where, await world.until(tab.session.verify())]).toEqual([where, false])
    await world.advance('1m')
    expect.soft([where, tab.phase(), world.server.count('refresh')]).toEqual([where, 'signedOut', 2])
  }
})
it('a companion cookie whose check failed is checked again', async () => {
  const jar = { cookie: 'signed-in=a' }
  class FakeDocument {
    get cookie() {
      return jar.cookie
    }
  }
  vi.stubGlobal('Document', FakeDocument)
  vi.stubGlobal('document', new FakeDocument())
  const world = createWorld()
  const tab = await world.signedIn()
  companionCookie(tab.session, 'signed-in')
  await world.advance('10s')
  jar.cookie = ''
  world.server.revoke({ access_token: '', refresh_token: 'refresh-f1-1' })
  world.server.reply = () => ({ fails: new SessionError('server') })
  tab.hint('focus')
  await world.advance('10s')
  world.server.reply = () => ({})
  for (let i = 0; i < 20; i++) {
    await world.advance('5s')
    tab.hint('focus')
    tab.input()
  }
  expect(tab.phase()).toBe('signedOut')
})
it('createFetch() gives up an authorize() of the server that never resolves', async () => {
  const world = createWorld()
  const page = world.page()
  const server = customServer({ ...world.server.of(page), authorize: () => new Promise(() => undefined) })
  const session = createSessionWith(page.ports, { server })
  await world.until(session.signIn(world.grant()))
  let settled = false
  void outcome(createFetch(session, { origins: ['https://a.example'] })('https://a.example/')).then(() => {
    settled = true
  })
  await world.advance('10m')
  await world.until(session.signOut())
  await world.advance('10m')
  expect(settled).toBe(true)
})
it('an access token that no header can hold is refused, and not quoted', async () => {
  const world = createWorld()
  const tab = world.tab()
  const refused = tab.session.signIn({ access_token: 'SECRET\nx', refresh_token: 'refresh-f1-1', expires_in: 300 })
  await expect(world.until(refused)).rejects.toMatchObject({ code: 'invalid_response' })
  expect(String(await refused.catch(String))).not.toContain('SECRET')
})
it('the cause of refreshFailed does not quote a response that is no JSON', async () => {
  const world = createWorld()
  const page = world.page()
  const server = customServer({ refresh: async () => (await new Response('access_token=SECRET').json()) as never })
  const session = createSessionWith(page.ports, { server })
  const causes: string[] = []
  session.on('refreshFailed', ({ error }) => {
    causes.push(String(error.cause))
  })
  await world.until(session.signIn({ access_token: 'x', refresh_token: 'y', expires_in: 10 }))
  await world.until(outcome(session.getAccessToken({ forceRefresh: true })))
  expect(causes.join()).not.toContain('SECRET')
})
it('the journal notes no feature that is not in its list', async () => {
  const world = createWorld()
  const page = world.page()
  const server = customServer({
    ...world.server.of(page),
    receive: async ({ access_token }, { degraded }) => {
      degraded(`anna@example.com ${access_token}` as never, '')
    },
  })
  const session = createSessionWith(page.ports, { server })
  const log = journal(session)
  await world.until(session.signIn(world.grant()))
  expect(JSON.stringify(log.entries())).not.toContain('anna@')
})
it('the journal takes only the marks that it was given at its start', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  const marks = ['checkout']
  const log = journal(tab.session, { marks })
  marks.push('anna@example.com')
  expect(() => {
    log.mark('anna@example.com')
  }).toThrow()
})
it('flush() of the journal ends although send adds a mark', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  let sends = 0
  const log = journal(tab.session, {
    marks: ['sent'],
    send: async () => {
      if (++sends < 1000) log.mark('sent')
    },
  })
  await world.until(log.flush())
  expect(sends).toBe(1)
})
it('an isRefused that throws is reported, and the connection is tried again', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  const { opened, states } = follow(tab, { isRefused: (reason) => (reason as { code: number }).code === 4401 })
  await world.advance('1s')
  opened[0]!.lose(undefined) // the reason of eventStream() if the server closes without an error
  await world.advance('1m')
  expect([opened.length, states.at(-1)]).toEqual([2, expect.stringContaining('up')])
})
it('an event stream that its server closes is opened again, also if isRefused throws', async () => {
  const world = createWorld()
  const tab = await world.signedIn()
  let n = 0
  connect(
    tab.session,
    eventStream(
      async () => {
        n++
        return new Response('data: a\n\n', { headers: { 'Content-Type': 'text/event-stream' } })
      },
      'https://x/',
      () => undefined,
    ),
    { isRefused: (r) => (r as Response).status === 403 },
  )
  for (let i = 0; i < 20; i++) await world.advance('2s')
  expect(n).toBe(7)
})
it('a reportError of the page that throws silences no listener', async () => {
  vi.stubGlobal('reportError', () => {
    throw new Error('by the page')
  })
  const world = createWorld({ ports: (own) => ({ ...own, report: browserPorts().report }) })
  const tab = await world.signedIn()
  const received: string[] = []
  const undo = tab.session.inspect(() => {
    throw new Error('by a listener')
  })
  try {
    tab.session.check()
  } catch {
    /* as a timer would ignore it */
  }
  undo()
  tab.session.on('signedOut', () => {
    received.push('signedOut')
  })
  await world.until(tab.session.signOut())
  vi.unstubAllGlobals()
  expect(received).toEqual(['signedOut'])
})
