import { WebTracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-web'
import { createSessionSpanProcessor, type SessionObserver, type SessionProvider } from '@opentelemetry/web-common'
import { describe, expect, it } from 'vitest'
import { sessionProvider } from '../../src/otel.js'
import type { Session } from '../../src/types.js'
import { createWorld, HOUR, MINUTE, type Tab } from './session/world.js'

/** OpenTelemetry in one tab, with what its spans are exported as: the session of each, by its name. */
function traced(tab: Tab): {
  readonly span: (name: string) => { end: () => void }
  readonly sessions: () => Record<string, unknown>
} {
  const ended: ReadableSpan[] = []
  const collect: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
  const provided: SessionProvider = sessionProvider(tab.session)
  const tracer = new WebTracerProvider({
    spanProcessors: [createSessionSpanProcessor(provided), collect],
  }).getTracer('test')
  return {
    span: (name) => tracer.startSpan(name),
    sessions: () => Object.fromEntries(ended.map(({ name, attributes }) => [name, attributes['session.id']])),
  }
}

const idOf = ({ session }: Tab): string | undefined => {
  const shown = session.getSnapshot()
  return 'id' in shown ? shown.id : undefined
}

/** What an observer hears, as OpenTelemetry types one. */
function observed(tab: Tab): unknown[] {
  const log: unknown[] = []
  const observer: SessionObserver = {
    onSessionStarted: (session, previous) => log.push(['started', session.id, previous?.id]),
    onSessionEnded: (session) => log.push(['ended', session.id]),
  }
  sessionProvider(tab.session).addObserver(observer)
  return log
}

describe('the session provider of OpenTelemetry', () => {
  it("S123: gives each span the session of its user, and none of another's", async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { span, sessions } = traced(tab)
    const a = idOf(tab)
    const early = span('of A')
    await world.until(tab.session.signOut())
    span('of nobody').end()
    await world.until(tab.session.signIn(world.grant()))
    const b = idOf(tab)
    span('of B').end()
    // It began while A was signed in.
    early.end()
    expect(sessions()).toEqual({ 'of A': a, 'of nobody': undefined, 'of B': b })
    expect(a).not.toBe(b)
  })

  it('S123: gives the session of B in the task in which a tab is told of the switch', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const { span, sessions } = traced(two)
    const a = idOf(two)
    two.session.on('switched', () => {
      span('at the switch').end()
    })
    world.server.reply = () => ({ after: 200 })
    await world.until(one.session.signIn(world.grant()))
    await world.advance(MINUTE)
    expect(sessions()).toEqual({ 'at the switch': idOf(one) })
    expect(idOf(one)).not.toBe(a)
  })

  it('S123: gives a session past its deadline to no span, though no timer has rung', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { span, sessions } = traced(tab)
    world.sleep('8h')
    expect(tab.phase()).toBe('active')
    span('by the click that wakes it').end()
    expect(sessions()).toEqual({ 'by the click that wakes it': undefined })
    expect(tab.phase()).toBe('signedOut')
  })

  it('S123: gives none after destroy(), because the tab no longer learns who is signed in', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { span, sessions } = traced(tab)
    tab.session.destroy()
    span('after').end()
    expect(sessions()).toEqual({ after: undefined })
  })

  it('I16: is no activity, however many spans there are', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { span } = traced(tab)
    const endAt = tab.session.deadlines()?.endAt
    for (let passed = 0; passed < 10; passed++) {
      span('background').end()
      await world.advance(MINUTE)
    }
    expect(tab.session.deadlines()?.endAt).toBe(endAt)
  })

  it('reports the sessions that begin and end, and not that one lived before', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const a = idOf(tab)
    const log = observed(tab)
    expect(log).toEqual([])
    await world.until(tab.session.signOut())
    expect(log).toEqual([['ended', a]])
    await world.until(tab.session.signIn(world.grant()))
    const b = idOf(tab)
    expect(log.splice(0)).toEqual([
      ['ended', a],
      ['started', b, a],
    ])
    await world.until(tab.session.signIn(world.grant()))
    const c = idOf(tab)
    expect(log).toEqual([
      ['ended', b],
      ['started', c, b],
    ])
  })

  it('reports when a session began, by the clock of this device', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const began: unknown[] = []
    sessionProvider(tab.session).addObserver({ onSessionStarted: (session) => began.push(session) })
    world.setClock(-HOUR)
    await world.until(tab.session.signIn(world.grant()))
    const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
    expect(began).toEqual([{ id: idOf(tab), startTimestamp: startedAt }])
  })

  it('I10: reports nothing after destroy(), neither then', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const log = observed(tab)
    tab.session.destroy()
    await world.until(other.session.signOut())
    await world.advance(MINUTE)
    expect(log).toEqual([])
  })

  it('takes an observer without methods, and goes on after one that throws', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const provider = sessionProvider(tab.session)
    provider.addObserver({})
    provider.addObserver({
      onSessionEnded() {
        throw new Error('of the application')
      },
    })
    const log = observed(tab)
    await world.until(tab.session.signOut())
    expect(log).toHaveLength(1)
    expect(tab.reports).toMatchObject([{ message: 'of the application' }])
    await world.until(tab.session.signIn(world.grant()))
    expect([log.length, tab.reports.length]).toEqual([2, 1])
  })

  it('refuses what is no session', () => {
    expect(() => sessionProvider({} as Session)).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringContaining('sessionProvider') as string,
      }),
    )
  })

  it('gives null on a server that renders pages', () => {
    expect(sessionProvider(createWorld().tab({}, { hasPage: false }).session).getSessionId()).toBe(null)
  })
})
