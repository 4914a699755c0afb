import { describe, expect, it, vi } from 'vitest'
import { connect } from '../../../src/connect.js'
import { SessionError, withLink } from '../../../src/errors.js'
import { createSessionWith } from '../../../src/testing.js'
import type { Session } from '../../../src/types.js'
import { createWorld, MINUTE, SECOND } from '../session/world.js'
import { follow } from './connections.js'

describe('a connection and its session', () => {
  it('a connection opens with a token of its session, and reports `up`', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { states, tokens, opened } = follow(tab)
    await world.advance(10)
    expect(states).toEqual(['0 connecting', '0 up'])
    expect(tokens).toEqual(['access-f1-1'])
    expect(opened[0]?.connection.sessionId).toBe(world.record()['id'])
  })

  it('S113: a connection is closed in the task in which its session ends', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab)
    await world.advance(10)
    void tab.session.signOut()
    expect(opened[0]?.isOver()).toBe(true)
    expect(states.slice(2)).toEqual(['10 closed'])
    await world.advance('1h')
    expect(opened).toHaveLength(1)
  })

  it('S113: a connection whose signal is read finds a sign-out in another tab without a message', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const { opened } = follow(tab)
    await world.advance(10)
    world.deafen()
    await world.until(other.session.signOut())
    expect(opened[0]?.isOver()).toBe(false)
    expect(opened[0]?.connection.signal.aborted).toBe(true)
    expect(opened[0]?.isOver()).toBe(true)
  })

  it('S115: a connection is replaced by one of the next session if its own is replaced', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, tokens } = follow(tab)
    await world.advance(10)
    const first = opened[0]!
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(10)
    expect(opened).toHaveLength(2)
    expect(first.isOver()).toBe(true)
    expect(opened[1]?.isOver()).toBe(false)
    expect(opened[1]?.connection.sessionId).not.toBe(first.connection.sessionId)
    expect(tokens).toEqual(['access-f1-1', 'access-f2-1'])
  })

  it('a connection gets no token of the next session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab)
    await world.advance(10)
    await world.until(tab.session.signIn(world.grant()))
    await expect(opened[0]?.connection.token()).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('a connection does not open for a session that ended while its token was read', async () => {
    const world = createWorld()
    await world.signedIn()
    const tab = world.tab()
    world.tokens.delay = () => 100
    const { opened, states } = follow(tab)
    await world.advance(50)
    void tab.session.signOut()
    await world.advance('1m')
    expect(opened).toEqual([])
    expect(states).toEqual(['0 connecting', '50 closed'])
  })

  it('a connection is over past the deadline, also before the timer of a machine that slept', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab)
    await world.advance(10)
    world.sleep(16 * MINUTE)
    expect(opened[0]?.isOver()).toBe(false)
    expect(opened[0]?.connection.signal.aborted).toBe(true)
    expect(tab.phase()).toBe('signedOut')
  })

  it('a connection ends at its undo and at destroy(), and leaves no listener and no timer', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const [one, two] = [follow(tab), follow(other)]
    await world.advance(10)
    one.undo()
    one.undo()
    other.session.destroy()
    for (const { opened, states } of [one, two]) {
      expect(opened.map((each) => each.isOver())).toEqual([true])
      expect(states.at(-1)).toBe('10 closed')
    }
    tab.leave()
    tab.comeBack()
    other.leave()
    other.comeBack()
    await world.advance('10s')
    expect([one.opened, two.opened].map(({ length }) => length)).toEqual([1, 1])
    expect(other.timers()).toBe(0)
  })

  it('a connection does not open on a server, nor for a session object that was destroyed', async () => {
    const world = createWorld()
    const onServer = follow(world.tab({}, { hasPage: false }))
    const tab = await world.signedIn()
    tab.session.destroy()
    const done = follow(tab)
    await world.advance('1m')
    onServer.undo()
    expect([...onServer.states, ...done.states]).toEqual([])
  })

  it('a connection whose first state makes the application call destroy() leaves no listener', async () => {
    const listening = new Set<object>()
    const world = createWorld({
      ports: (own) => ({
        ...own,
        onWake(hint) {
          const undo = own.onWake(hint)
          listening.add(undo)
          return () => {
            listening.delete(undo)
            undo()
          }
        },
      }),
    })
    const tab = await world.signedIn()
    follow(tab, { one: 'device', onState: () => tab.session.destroy() })
    expect(listening.size).toBe(0)
  })

  it('connect() listens to no event on a server', () => {
    const onWake = vi.fn()
    const ports = { ...createWorld().page({ hasPage: false }).ports, onWake }
    connect(createSessionWith(ports), () => Promise.resolve())
    expect(onWake).not.toHaveBeenCalled()
  })

  it('connect() refuses an object that is no session', () => {
    const message = withLink('invalid_options', 'connect takes the session that createSession() returned.')
    expect(() => connect({} as Session, () => Promise.resolve())).toThrow(
      expect.objectContaining({ code: 'invalid_options', message }) as Error,
    )
  })

  it('onToken() of a connection refuses what is no function', async () => {
    const world = createWorld()
    const { opened } = follow(await world.signedIn())
    await world.advance(10)
    const message = withLink('invalid_options', 'onToken: send is a string. Give a function that takes a newer token.')
    expect(() => opened[0]!.connection.onToken('text' as never)).toThrow(
      expect.objectContaining({ code: 'invalid_options', message }) as Error,
    )
  })

  it('a connection of one tab is asked for by `tab`, or by nothing', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { states } = follow(tab, { one: 'tab' })
    await world.advance(10)
    expect(states).toEqual(['0 connecting', '0 up'])
  })

  it('a connection has no token in a session by cookie', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: ['keepAlive'] })
    await world.until(tab.session.signIn())
    const { opened, states } = follow(tab, { goesUp: false })
    await world.advance(10)
    await expect(opened[0]!.connection.token()).rejects.toMatchObject({
      code: 'no_tokens',
      message: withLink('no_tokens', 'The connection is over, or its session has no tokens.'),
    })
    opened[0]!.connection.up()
    expect(states).toEqual(['0 connecting', '10 up'])
  })

  it('a connection opens in a session without a server', async () => {
    const world = createWorld()
    const tab = world.tab({ server: undefined as never })
    await world.until(tab.session.signIn())
    const { states } = follow(tab, { goesUp: false })
    await world.advance(10)
    expect(states).toEqual(['0 connecting'])
  })

  it('a connection opens in a page without tokens, even if those of other pages have expired', async () => {
    const world = createWorld()
    const other = await world.signedIn()
    await world.advance('6m')
    const page = world.page()
    const tab = { ...other, ports: page.ports, session: createSessionWith(page.ports) as never }
    const { states } = follow(tab, { goesUp: false })
    await world.advance(10)
    expect(states).toEqual(['0 connecting'])
  })

  it('the signal of a lost connection causes no step', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab)
    await world.advance(10)
    opened[0]!.lose()
    await world.advance(1)
    const causes: string[] = []
    tab.session.inspect(({ cause }) => causes.push(cause))
    expect([opened[0]!.connection.signal.aborted, causes]).toEqual([true, []])
  })
})

describe('a page that is left', () => {
  it('S114: a page that is left closes its connection in pagehide, and opens one when it is back', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab)
    await world.advance(10)
    tab.leave()
    expect(opened[0]?.isOver()).toBe(true)
    // Browsers hide the page after `pagehide`, and show it before `pageshow`.
    for (const cause of ['hidden', 'visibilitychange', 'focus', 'online']) tab.hint(cause)
    expect(opened).toHaveLength(1)
    await world.advance('1m')
    tab.comeBack()
    await world.advance(10)
    expect(states).toEqual(['0 connecting', '0 up', '10 closed', '60010 connecting', '60010 up'])
  })

  it('S114: a page that comes back opens no connection for a session that ended meanwhile', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn({ stalePage: 'event' }), world.tab()]
    const { opened } = follow(tab)
    await world.advance(10)
    tab.leave()
    world.deafen()
    await world.until(other.session.signOut())
    tab.comeBack()
    await world.advance('1m')
    expect(opened).toHaveLength(1)
    expect(tab.reports).toEqual([])
  })

  it('S114: a page that is left reports no state if nobody is signed in', () => {
    const tab = createWorld().tab()
    const { states } = follow(tab)
    tab.leave()
    expect(states).toEqual([])
  })

  it('S114: a page that is left opens no connection for a session that begins meanwhile', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const { opened } = follow(tab)
    await world.advance(10)
    tab.hint('pagehide')
    await world.until(other.session.signIn(world.grant()))
    await world.advance('1s')
    expect(opened).toHaveLength(1)
    tab.hint('pageshow')
    await world.advance(10)
    expect(opened).toHaveLength(2)
  })

  it('S114: a page that is left while the token is read opens no connection', async () => {
    const world = createWorld()
    await world.signedIn()
    const tab = world.tab()
    world.tokens.delay = () => 100
    const { opened, states } = follow(tab)
    await world.advance(50)
    tab.hint('pagehide')
    await world.advance('1s')
    expect(opened).toEqual([])
    expect(states).toEqual(['0 connecting', '50 closed'])
  })

  it('a prerendered page opens no connection before it is opened itself', async () => {
    const world = createWorld()
    await world.signedIn()
    const tab = world.tab({}, { prerendered: true })
    const { opened } = follow(tab)
    await world.advance('10s')
    expect(opened).toEqual([])
    tab.activate()
    await world.advance(10)
    expect(opened).toHaveLength(1)
  })
})

describe('a connection that is lost', () => {
  it('a lost connection is opened again after a wait with full jitter, 30 s at most', async () => {
    const world = createWorld({ random: () => 0.5 })
    const tab = await world.signedIn()
    const { states } = follow(tab, { onOpen: (one) => one.lose('gone') })
    await world.advance('70s')
    const waits = states.flatMap((state) => {
      const [, at, until] = /^(\d+) waiting until (\d+)$/.exec(state) ?? []
      return until ? [Number(until) - Number(at)] : []
    })
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000])
  })

  it('a lost connection that was up for 5 s starts its back-off again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab)
    await world.advance(10)
    opened[0]!.lose()
    await world.advance(510)
    // The connection was up for a moment only: the server accepts it, and closes it.
    opened[1]!.lose()
    await world.advance(1000)
    await world.advance('5s')
    opened[2]!.lose()
    await world.advance(10)
    expect(states.filter((state) => state.includes('waiting'))).toEqual([
      '10 waiting until 510',
      '520 waiting until 1520',
      '6520 waiting until 7020',
    ])
  })

  it('a lost connection waits for the network for 30 s at most, and less after an online event', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    tab.online = false
    const { opened, states } = follow(tab, { onOpen: (one) => one.lose() })
    await world.advance('31s')
    expect(states.slice(0, 3)).toEqual(['0 connecting', '0 waiting until 30000', '30000 connecting'])
    expect(opened).toHaveLength(2)
    tab.online = true
    tab.hint('online')
    await world.advance(500)
    expect(states.slice(4)).toEqual(['31000 waiting until 31500', '31500 connecting', '31500 waiting until 32500'])
  })

  it('a lost connection starts its back-off again at an online event', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { states } = follow(tab, { onOpen: (one) => one.lose() })
    await world.advance('8s')
    tab.hint('focus')
    expect(states.at(-1)).toBe('7500 waiting until 15500')
    tab.hint('online')
    await world.advance(600)
    expect(states.slice(-3)).toEqual(['8000 waiting until 8500', '8500 connecting', '8500 waiting until 9500'])
  })

  it('a lost connection starts its back-off anew at each `online` event', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { states } = follow(tab, { onOpen: (one) => one.lose() })
    await world.advance('8s')
    tab.hint('online')
    await world.advance(200)
    tab.hint('online')
    await world.advance(500)
    expect(states.slice(-4)).toEqual([
      '8000 waiting until 8500',
      '8200 waiting until 8700',
      '8700 connecting',
      '8700 waiting until 9700',
    ])
  })

  it('a lost connection is not opened again by `online` if nobody is signed in', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab)
    await world.until(tab.session.signOut())
    tab.hint('online')
    await world.advance('1m')
    expect(opened).toEqual([])
  })

  it('a lost connection that is closed while it waits reports no further state', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { states, undo } = follow(tab, { onOpen: (one) => one.lose() })
    await world.advance(10)
    undo()
    await world.advance('1m')
    expect(states).toEqual(['0 connecting', '0 waiting until 500', '10 closed'])
  })

  it('a connection that is not up within 30 s is given up, and its signal aborts', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const reasons: unknown[] = []
    const { opened } = follow(tab, { goesUp: false, onState: ({ reason }) => reasons.push(reason) })
    await world.advance(29_999)
    expect(opened[0]?.isOver()).toBe(false)
    await world.advance(1)
    expect(opened[0]?.isOver()).toBe(true)
    expect(reasons.at(-1)).toMatchObject({
      code: 'timeout',
      message: withLink('timeout', 'The connection did not call up() within 30 s of its start.'),
    })
    opened[0]!.connection.up()
    await world.advance(500)
    expect(opened).toHaveLength(2)
  })

  it('a connection that is up has no timer besides the one of its session', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    follow(tab)
    await world.advance(10)
    expect(tab.timers()).toBe(other.timers())
    const steps: string[] = []
    tab.session.inspect(({ cause }) => steps.push(cause))
    await world.advance('12m')
    expect(steps).toEqual([])
  })

  it('a connection is tried again after an error that run throws synchronously', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const reasons: unknown[] = []
    const error = new Error('No such client.')
    connect(
      tab.session,
      () => {
        throw error
      },
      { onState: ({ reason }) => reasons.push(reason) },
    )
    await world.advance(600)
    expect(reasons).toEqual([undefined, error, undefined, error])
  })

  it('a connection reports an error of onState, and goes on', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab, {
      onState() {
        throw new Error('onState')
      },
    })
    await world.advance(10)
    expect(opened).toHaveLength(1)
    expect(tab.reports).toEqual([new Error('onState'), new Error('onState')])
  })
})

describe('the token of a connection', () => {
  it('S112: the token of a connection is renewed 30 times, whichever tab refreshes', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const sent: string[] = []
    const { opened } = follow(tab, {
      async onOpen({ connection }) {
        sent.push(await connection.token())
        connection.onToken((token) => sent.push(token))
        connection.up()
      },
    })
    await world.advance(10)
    for (let count = 0; count < 30; count++) {
      const by = count % 2 ? tab : other
      await world.until(by.session.getAccessToken({ forceRefresh: true }))
      await world.advance(100)
    }
    expect(opened).toHaveLength(1)
    expect(sent).toEqual(Array.from({ length: 31 }, (_none, count) => `access-f1-${count + 1}`))
  })

  it('the token of a connection is renewed at once if it was refreshed before the connection was up', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const sent: string[] = []
    const { opened } = follow(tab, {
      async onOpen({ connection }) {
        connection.onToken((token) => sent.push(token))
        await connection.token()
      },
    })
    await world.advance(10)
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance(10)
    expect(sent).toEqual([])
    opened[0]!.connection.up()
    await world.advance(10)
    expect(sent).toEqual(['access-f1-2'])
  })

  it('the token of a connection is sent once if the user was idle past its expiry and comes back', async () => {
    const world = createWorld()
    world.server.expiresIn = 10
    const tab = await world.signedIn()
    const sent: string[] = []
    const { opened } = follow(tab)
    await world.advance('12s')
    opened[0]!.connection.onToken((token) => sent.push(token))
    tab.input()
    await world.advance(100)
    expect(sent).toEqual(['access-f1-2'])
  })

  it('the token of a connection is not sent again if another tab could not store the newer one', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    await world.until(other.session.getAccessToken())
    const sent: string[] = []
    const { opened } = follow(tab)
    await world.advance(10)
    opened[0]!.connection.onToken((token) => sent.push(token))
    world.tokens.fault = (access) => (access === 'set' ? 'fails' : 'works')
    await world.until(other.session.getAccessToken({ forceRefresh: true }))
    await world.advance('1s')
    expect(tab.takeEvents()).toMatchObject([{ type: 'refreshed', generation: 2 }])
    expect(sent).toEqual([])
  })

  it('a connection that was opening when its page was frozen does not refresh for a user who has been away', async () => {
    const world = createWorld()
    await world.signedIn()
    world.tokens.delay = () => 50
    const tab = world.tab()
    const reasons: unknown[] = []
    const { opened } = follow(tab, { onState: ({ reason }) => reason !== undefined && reasons.push(reason) })
    tab.frozen = true
    await world.advance('6m')
    expect(world.server.count('refresh')).toBe(0)
    tab.frozen = false
    tab.hint('resume')
    await world.advance('1m')
    expect([world.server.count('refresh'), opened.length]).toEqual([0, 0])
    const message = withLink('no_tokens', 'The token has expired, and nobody has been active since it came.')
    expect(reasons[0]).toMatchObject({ code: 'no_tokens', message })
    tab.input()
    await world.advance('5s')
    expect([world.server.count('refresh'), opened.length]).toEqual([1, 1])
  })

  it('a connection whose page was frozen while it stored newer tokens does not refresh again for a user who has been away', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.sleep('6m')
    tab.input()
    world.tokens.delay = (method) => (method === 'set' ? 800 : 1)
    const { opened } = follow(tab)
    await world.advance(500)
    expect(world.server.count('refresh')).toBe(1)
    tab.frozen = true
    await world.advance('6m')
    tab.frozen = false
    tab.hint('resume')
    await world.advance('1m')
    expect([world.server.count('refresh'), opened.length]).toEqual([1, 0])
    tab.input()
    await world.advance('5s')
    expect([world.server.count('refresh'), opened.length]).toEqual([2, 1])
  })

  it('the token of a connection is not sent if the connection was lost while it was read', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const sent: string[] = []
    const { opened } = follow(tab)
    await world.advance(10)
    opened[0]!.connection.onToken((token) => sent.push(token))
    world.tokens.delay = () => 50
    await world.until(other.session.getAccessToken({ forceRefresh: true }))
    await world.advance(20)
    expect(tab.takeEvents().map(({ type }) => type)).toEqual(['refreshed'])
    opened[0]!.lose()
    await world.advance(100)
    expect(sent).toEqual([])
  })

  it('the token of a connection is not sent if the session has ended meanwhile', async () => {
    const world = createWorld()
    const [tab, other] = [await world.signedIn(), world.tab()]
    const sent: string[] = []
    follow(tab, {
      async onOpen({ connection }) {
        await connection.token()
        connection.onToken((token) => sent.push(token))
        connection.up()
      },
    })
    await world.advance(10)
    world.tokens.delay = () => 50
    await world.until(other.session.getAccessToken({ forceRefresh: true }))
    await world.advance(20)
    expect(tab.takeEvents().map(({ type }) => type)).toEqual(['refreshed'])
    void tab.session.signOut()
    await world.advance('1m')
    expect(sent).toEqual([])
  })

  it('an error of the function that sends the token is reported, and the next token is sent', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const sent: string[] = []
    follow(tab, {
      async onOpen({ connection }) {
        await connection.token()
        connection.onToken((token) => {
          sent.push(token)
          if (sent.length === 1) throw new Error('send')
        })
        connection.up()
      },
    })
    for (let count = 0; count < 2; count++) {
      await world.advance(10)
      await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    }
    await world.advance(10)
    expect(sent).toEqual(['access-f1-2', 'access-f1-3'])
    expect(tab.reports).toEqual([new Error('send')])
  })
})

describe('a refused connection', () => {
  const refused = { code: 4401 }

  it.each([{ code: 3000 }, { code: 4401 }, { code: 4403 }, new Response(null, { status: 401 })])(
    'S116: a refused connection is tried once more after one refresh: $code $status',
    async (reason) => {
      const world = createWorld()
      const tab = await world.signedIn()
      const given: string[] = []
      const { states } = follow(tab, {
        async onOpen({ connection, lose }) {
          given.push(await connection.token())
          lose(reason)
        },
      })
      await world.advance('1h')
      expect(given).toEqual(['access-f1-1', 'access-f1-2'])
      expect(world.server.count('refresh')).toBe(1)
      expect(states.slice(0, 3).map((state) => state.replace(/^\d+ /, ''))).toEqual([
        'connecting',
        'connecting',
        'refused',
      ])
    },
  )

  it('S116: a refused connection stays refused after pagehide, and is tried for the next session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab, {
      async onOpen({ connection, lose }) {
        await connection.token()
        connection.up()
        lose(refused)
      },
    })
    await world.advance('1s')
    expect(opened).toHaveLength(2)
    tab.leave()
    tab.comeBack()
    await world.advance('1m')
    expect(opened).toHaveLength(2)
    expect(states.at(-1)).toBe('1000 refused')
    await world.until(tab.session.signIn(world.grant()))
    await world.advance('1s')
    expect(opened).toHaveLength(4)
  })

  it('a refused connection is tried with a newer token of the store, without a refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, tokens } = follow(tab)
    await world.advance(10)
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    opened[0]!.lose(refused)
    await world.advance(10)
    expect(tokens).toEqual(['access-f1-1', 'access-f1-2'])
    expect(world.server.count('refresh')).toBe(1)
    // This token did not follow from a refusal, so one more refresh is tried.
    tab.input()
    opened[1]!.lose(refused)
    await world.advance(100)
    expect(tokens).toEqual(['access-f1-1', 'access-f1-2', 'access-f1-3'])
    opened[2]!.lose(refused)
    await world.advance(100)
    expect(opened).toHaveLength(3)
  })

  it('a refused connection gets a newer token although a refresh for another API came in between', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, tokens } = follow(tab)
    await world.advance(10)
    await world.until(tab.session.getAccessToken({ resource: 'https://orders.example' }))
    opened[0]!.lose(refused)
    await world.advance('1s')
    expect(tokens).toEqual(['access-f1-1', 'access-f1-3'])
    // It came for the last refusal, and did not help.
    opened[1]!.lose(refused)
    await world.advance('1m')
    expect([opened.length, world.server.count('refresh')]).toEqual([2, 2])
  })

  it('a refused connection that took no token is not tried again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { states } = follow(tab, { onOpen: ({ lose }) => lose(refused) })
    await world.advance('1m')
    expect(states).toEqual(['0 connecting', '0 refused'])
    expect(world.server.count('refresh')).toBe(0)
  })

  it('a refused connection is tried again if its token had been accepted until its expiry', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, tokens } = follow(tab)
    await world.advance(10)
    opened[0]!.lose(refused)
    await world.advance(100)
    expect(tokens).toEqual(['access-f1-1', 'access-f1-2'])
    // The session refreshes for an active user, and the server closes at expiry.
    tab.input()
    await world.advance('5m')
    opened[1]!.lose(refused)
    await world.advance(100)
    expect(tokens).toEqual(['access-f1-1', 'access-f1-2', 'access-f1-3'])
    expect(world.server.count('refresh')).toBe(2)
  })

  it('a refused connection is recognised by isRefused of the application', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const reasons: unknown[] = []
    const isRefused = (reason: unknown): boolean => {
      reasons.push(reason)
      return reason === 'unauthorized'
    }
    const { states } = follow(tab, {
      isRefused,
      async onOpen({ connection, lose }) {
        await connection.token()
        lose('unauthorized')
      },
    })
    await world.advance('1m')
    expect(states.at(-1)).toMatch(/refused$/)
    expect(reasons).toEqual(['unauthorized', 'unauthorized'])
  })

  it('a connection reports an error of isRefused', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    follow(tab, {
      isRefused() {
        throw new Error('isRefused')
      },
      onOpen: ({ lose }) => lose(),
    })
    await world.advance(10)
    expect(tab.reports).toEqual([new Error('isRefused')])
  })

  it('a refused connection goes on after a failure of the refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    let failures = 1
    world.server.reply = (method) =>
      method === 'refresh' && failures-- > 0 ? { fails: new SessionError('server') } : {}
    const { opened, tokens } = follow(tab)
    await world.advance(10)
    opened[0]!.lose(refused)
    await world.advance('10s')
    expect(tokens).toEqual(['access-f1-1', 'access-f1-2'])
  })
})

describe('a connection of an idle user', () => {
  /** A server that ends each connection when its token expires. */
  const closing = async (life: number, reason: unknown) => {
    const world = createWorld()
    world.server.expiresIn = life
    const tab = await world.signedIn()
    const followed = follow(tab, {
      async onOpen({ connection, lose }) {
        await connection.token()
        connection.up()
        tab.ports.after(life * SECOND, () => lose(reason))
      },
    })
    return { world, tab, ...followed }
  }

  it.each([{ code: 4401 }, { code: 1000 }])(
    'S118: a connection that is closed at expiry causes no refresh for an idle user: $code',
    async (reason) => {
      const { world, tab, opened, states } = await closing(10, reason)
      await world.advance('10m')
      expect(world.server.count('refresh')).toBe(0)
      expect(opened).toHaveLength(1)
      expect(states.at(-1)).toBe('10000 waiting')
      expect(tab.timers()).toBe(1)
      // The user is active again, so a refresh and a connection follow.
      tab.input()
      await world.advance(100)
      expect(world.server.count('refresh')).toBe(1)
      expect(opened).toHaveLength(2)
    },
  )

  it('S118: a connection that waits for the user reports why, and no further state once it is closed', async () => {
    const world = createWorld()
    world.server.expiresIn = 10
    const tab = await world.signedIn()
    const reasons: unknown[] = []
    const { opened, states, undo } = follow(tab, { onState: ({ reason }) => reasons.push(reason) })
    await world.advance('11s')
    opened[0]!.lose('expired')
    await world.advance(10)
    undo()
    await world.advance('1m')
    expect(states).toEqual(['0 connecting', '0 up', '11000 waiting', '11010 closed'])
    expect(reasons).toEqual([undefined, undefined, 'expired', undefined])
  })

  it('S118: a connection refreshes once for activity since the last refresh, and no more', async () => {
    const { world, tab } = await closing(10, { code: 4401 })
    await world.advance('1s')
    tab.input()
    await world.advance('10m')
    expect(world.server.count('refresh')).toBe(1)
  })

  it('S118: a connection ends with the idle timeout', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab)
    await world.advance(10)
    for (let minute = 0; minute < 15; minute++) {
      await world.advance('1m')
      expect(opened[0]!.connection.signal.aborted).toBe(minute === 14)
    }
    expect(tab.session.getSnapshot()).toMatchObject({ reason: 'idle' })
  })

  it('S118: a connection whose new token is refused waits until the user is active again', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance('1s')
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    const { opened, states } = follow(tab)
    await world.advance(10)
    opened[0]!.lose({ code: 4401 })
    await world.advance('1m')
    expect(world.server.count('refresh')).toBe(1)
    expect(states.at(-1)).toMatch(/ waiting$/)
    tab.input()
    await world.advance(100)
    expect(world.server.count('refresh')).toBe(2)
    expect(opened).toHaveLength(2)
  })

  it('S120: a connection makes no attempt with an expired token after a sleep', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab)
    await world.advance(10)
    world.sleep(6 * MINUTE)
    opened[0]!.lose({ code: 1006 })
    tab.hint('visibilitychange')
    await world.advance('1m')
    expect(opened).toHaveLength(1)
    expect(states.at(-1)).toMatch(/ waiting$/)
    tab.input()
    await world.advance(100)
    expect(opened).toHaveLength(2)
    expect(await world.until(opened[1]!.connection.token())).toBe('access-f1-2')
  })

  it('the token() of a connection waits until the user is active', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab)
    await world.advance('6m')
    const given: string[] = []
    void opened[0]!.connection.token().then((token) => given.push(token))
    await world.advance('1m')
    expect(given).toEqual([])
    tab.input()
    await world.advance(100)
    expect(given).toEqual(['access-f1-2'])
  })

  it('a connection of an idle user opens until the time of the background refresh, and not after', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance(239 * SECOND)
    const early = follow(tab)
    await world.advance(900)
    expect(early.opened).toHaveLength(1)
    await world.advance(SECOND)
    const late = follow(tab)
    await world.advance(SECOND)
    expect(late.opened).toEqual([])
    expect(world.server.count('refresh')).toBe(0)
  })

  it('a connection causes no refresh if the token reaches the time of its renewal while it is read', async () => {
    const world = createWorld()
    await world.signedIn()
    const other = world.tab()
    await world.advance(238 * SECOND)
    world.tokens.delay = () => 3 * SECOND
    const { opened } = follow(other)
    await world.advance('1m')
    expect(opened).toHaveLength(1)
    expect(world.server.count('refresh')).toBe(0)
  })
})

describe('tokens from elsewhere', () => {
  it('a connection waits for tokens of the application if the server cannot refresh', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: [] })
    await world.advance('6m')
    tab.input()
    const { opened, states } = follow(tab)
    await world.advance('1m')
    expect([opened.length, ...states]).toEqual([0, '0 waiting'])
    await world.until(tab.session.setTokens(world.grant()))
    await world.advance(10)
    expect(opened).toHaveLength(1)
  })

  it('a connection waits for tokens of the application if this tab has none', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab({ tokenStore: undefined as never })]
    const { opened, states } = follow(two)
    await world.advance('10s')
    expect(opened).toEqual([])
    expect(states.map((state) => state.replace(/^\d+ /, ''))).toEqual(['connecting', 'waiting'])
    await world.until(two.session.setTokens(world.grant()))
    await world.advance(10)
    expect(opened).toHaveLength(1)
    expect(one.phase()).toBe('active')
  })
})

describe('hold', () => {
  it('S119: hold prevents a warning while the connection is up, until the absolute deadline', async () => {
    const world = createWorld()
    const tab = await world.signedIn({ absoluteTimeout: '1h' })
    const { opened } = follow(tab, { hold: true })
    await world.advance('57m')
    expect(tab.takeEvents().filter(({ type }) => type === 'warning')).toEqual([])
    expect(opened[0]?.isOver()).toBe(false)
    await world.advance('3m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
    expect(opened[0]?.isOver()).toBe(true)
  })

  it('S119: hold begins when the connection is up, and ends with it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened } = follow(tab, { hold: true, goesUp: false })
    await world.advance('29s')
    opened[0]!.connection.up()
    await world.advance('1h')
    expect(tab.phase()).toBe('active')
    opened[0]!.lose()
    const lostAt = world.time.clock().wall
    await world.advance('16m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
    const { endedAt } = tab.session.getSnapshot() as { endedAt: number }
    expect(Math.ceil((endedAt - lostAt) / MINUTE)).toBe(15)
  })

  it('hold does not begin if the session has ended before the connection is up', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab, { hold: true, goesUp: false })
    await world.advance(10)
    world.sleep(16 * MINUTE)
    opened[0]!.connection.up()
    expect(states).toEqual(['0 connecting', '960010 closed'])
    await world.until(tab.session.signIn(world.grant()))
    await world.advance('10s')
    await world.advance('16m')
    expect(tab.phase()).toBe('signedOut')
  })

  it('hold begins once, however often up() is called', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { opened, states } = follow(tab, { hold: true })
    await world.advance(10)
    opened[0]!.connection.up()
    expect(states).toEqual(['0 connecting', '0 up'])
    opened[0]!.lose()
    opened[0]!.connection.up()
    await world.advance(1)
    expect(states.slice(2)).toEqual(['10 waiting until 510'])
  })

  it('hold does not reach the next session', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const { undo } = follow(tab, { hold: true })
    await world.advance(10)
    await world.until(tab.session.signOut())
    undo()
    await world.until(tab.session.signIn(world.grant()))
    await world.advance('16m')
    expect(tab.phase()).toBe('signedOut')
  })
})

describe('one connection of the device', () => {
  it('S117: one connection for five tabs moves to another tab when its own crashes', async () => {
    const world = createWorld()
    const first = await world.signedIn()
    const tabs = [first, world.tab(), world.tab(), world.tab(), world.tab()]
    const all = tabs.map((tab) => follow(tab, { one: 'device' }))
    const counts = (): number[] => all.map(({ opened }) => opened.length)
    await world.advance('1s')
    expect(counts()).toEqual([1, 0, 0, 0, 0])
    expect(all[1]?.states).toEqual(['0 waiting'])
    first.crash()
    await world.advance('1s')
    expect(counts()).toEqual([1, 1, 0, 0, 0])
    all[1]!.undo()
    await world.advance('1s')
    expect(counts()).toEqual([1, 1, 1, 0, 0])
    tabs[2]!.leave()
    await world.advance('1s')
    expect(counts()).toEqual([1, 1, 1, 1, 0])
    void tabs[4]!.session.signOut()
    await world.advance('1s')
    expect(counts()).toEqual([1, 1, 1, 1, 0])
    expect(tabs[4]!.timers()).toBe(0)
    expect(tabs.flatMap(({ degraded }) => degraded)).toEqual([])
  })

  it('one connection for all tabs stays with its tab while it is lost or refused', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const first = follow(one, { one: 'device' })
    const second = follow(two, { one: 'device' })
    await world.advance(10)
    first.opened[0]!.lose()
    await world.advance('1s')
    expect(first.opened).toHaveLength(2)
    for (let count = 0; count < 2; count++) {
      first.opened.at(-1)!.lose({ code: 4401 })
      await world.advance('1s')
    }
    expect(first.states.at(-1)).toMatch(/refused$/)
    await world.advance('5m')
    expect(second.states).toEqual(['0 waiting'])
  })

  it('one connection for all tabs exists for each name', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const all = ['feed', 'chat'].map((name) => follow(tab, { one: 'device', name }))
    await world.advance(100)
    expect(all.map(({ opened }) => opened.length)).toEqual([1, 1])
  })

  it('one connection for all tabs has an empty name if it was given none', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab()]
    const all = [follow(tabs[0]!, { one: 'device' }), follow(tabs[1]!, { one: 'device', name: '' })]
    await world.advance(100)
    expect(all.map(({ opened }) => opened.length)).toEqual([1, 0])
  })

  it('one connection for all tabs is requested no longer after the undo', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    follow(one, { one: 'device' })
    const { undo } = follow(two, { one: 'device' })
    await world.advance(100)
    expect(world.locks.isUsedBy(two)).toBe(true)
    undo()
    expect(world.locks.isUsedBy(two)).toBe(false)
  })

  it('one connection for all tabs goes to another tab if the application gives it up when it is refused', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const first = follow(one, {
      one: 'device',
      onOpen: ({ lose }) => lose({ code: 4401 }),
      onState({ state }) {
        if (state === 'refused') first.undo()
      },
    })
    const second = follow(two, { one: 'device' })
    await world.advance('1s')
    expect(first.states).toEqual(['0 waiting', '0 connecting', '0 closed', '0 refused'])
    expect(second.opened).toHaveLength(1)
  })

  it.each(['missing', 'refused'] as const)(
    'each tab has its own connection if locks are %s, and that is reported as degraded',
    async (how) => {
      const world = createWorld()
      world.locks.isAvailable = how !== 'missing'
      world.locks.refuses = how === 'refused'
      const [one, two] = [await world.signedIn(), world.tab()]
      const all = [one, two].map((tab) => follow(tab, { one: 'device' }))
      await world.advance('1s')
      expect(all.map(({ opened }) => opened.length)).toEqual([1, 1])
      expect(two.degraded).toEqual([{ feature: 'locks', consequence: 'Each tab has a connection of its own.' }])
    },
  )

  it('one connection for all tabs goes on if WebKit takes the lock of a page in the cache', async () => {
    const world = createWorld({ engine: 'webkit' })
    const [one, two] = [await world.signedIn(), world.tab()]
    const [first, second] = [one, two].map((tab) => follow(tab, { one: 'device' }))
    await world.advance(100)
    one.leave()
    await world.advance(100)
    one.comeBack()
    await world.advance('1s')
    expect([first!.opened.length, second!.opened.length]).toEqual([1, 1])
    expect(second!.opened[0]?.isOver()).toBe(false)
    expect(one.degraded).toEqual([])
  })
})
