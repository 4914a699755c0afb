import { describe, expect, it } from 'vitest'
import { SessionError, withLink } from '../../src/errors.js'
import { journal, type Journal, type JournalEntry, type JournalOptions } from '../../src/journal.js'
import { customServer } from '../../src/servers/custom.js'
import { createSessionWith } from '../../src/testing.js'
import type { Session } from '../../src/types.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, SECOND, type Tab, type World } from './session/world.js'

/** What happened, in short: `start`, `end idle`, `refreshed`. */
const told = (log: Journal): string[] => log.entries().map(({ what, why }) => (why ? `${what} ${why}` : what))
const numbers = (entries: readonly JournalEntry[]): number[] => entries.map(({ n }) => n)

/** A server that keeps what it gets. `answers`: what becomes of each batch, the last one for all that follow. */
function collector(...answers: ('kept' | 'lost' | 'fails' | 'throws' | 'hangs')[]): {
  readonly batches: { readonly entries: readonly JournalEntry[]; readonly keepalive: boolean }[]
  readonly kept: JournalEntry[]
  readonly signals: AbortSignal[]
  readonly send: NonNullable<JournalOptions['send']>
} {
  const batches: { entries: readonly JournalEntry[]; keepalive: boolean }[] = []
  const kept: JournalEntry[] = []
  const signals: AbortSignal[] = []
  return {
    batches,
    kept,
    signals,
    send(entries, { keepalive, signal }) {
      const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 'kept'
      batches.push({ entries, keepalive })
      signals.push(signal)
      if (answer === 'throws') throw new Error('of the application')
      if (answer === 'kept') kept.push(...entries)
      if (answer === 'hangs') return new Promise(() => undefined)
      return answer === 'fails' ? Promise.reject(new Error('of the server')) : Promise.resolve()
    },
  }
}

const idOf = ({ session }: Tab): string => (session.getSnapshot() as { id: string }).id

describe('the journal', () => {
  it('notes what happens to a session, in its order and in whole seconds since it began', async () => {
    const world = createWorld()
    const tab = world.tab({}, { methods: ['signOut'] })
    const log = journal(tab.session, { marks: ['checkout'] })
    await world.until(tab.session.signIn(world.grant()))
    await world.advance(30.7 * SECOND)
    log.mark('checkout')
    await world.advance(12.5 * MINUTE)
    await world.until(tab.session.extend())
    await world.advance(HOUR)
    const { session, tab: name } = log.entries()[0]!
    const line = (n: number, at: number, what: string, why?: string): object => ({
      ...{ session, tab: name, n, at, what },
      ...(why && { why }),
    })
    expect(log.entries()).toEqual([
      line(1, 0, 'start'),
      line(2, 30, 'mark', 'checkout'),
      line(3, 780, 'warning'),
      line(4, 780, 'extended', 'user'),
      line(5, 1560, 'warning'),
      line(6, 1680, 'end', 'idle'),
    ])
  })

  it.each([
    ['here', (tab: Tab) => tab],
    ['elsewhere', (_tab: Tab, other: Tab) => other],
  ])('notes a sign-in %s, and a user who replaces another', async (_where, who) => {
    const world = createWorld()
    const [tab, other] = [world.tab(), world.tab()]
    const log = journal(tab.session)
    for (let count = 0; count < 2; count++) {
      await world.until(who(tab, other).session.signIn(world.grant()))
      await world.advance(SECOND)
    }
    expect(told(log)).toEqual(['start', 'switched', 'start'])
    const [first, switched, second] = log.entries()
    expect(switched?.session).toBe(first?.session)
    expect(second?.session).not.toBe(first?.session)
    expect([switched?.at, second?.at]).toEqual([1, 0])
  })

  it('notes a session that a page finds, with its age', async () => {
    const world = createWorld()
    await world.signedIn()
    await world.advance(MINUTE)
    expect(journal(world.tab().session).entries()).toMatchObject([{ n: 1, at: 60, what: 'start' }])
  })

  it('notes a session that a page finds by asking the other tabs, with what is missing', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    await world.signedIn()
    const log = journal(world.tab().session)
    expect(told(log)).toEqual([])
    await world.advance(SECOND)
    expect(told(log)).toEqual(['start', 'degraded storage'])
  })

  it('notes for each session what is missing in this tab', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tab = world.tab()
    const log = journal(tab.session)
    await world.advance(SECOND)
    await world.until(tab.session.signIn(world.grant()))
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    const one = ['start', 'degraded storage']
    expect(told(log)).toEqual([...one, 'end signOut', ...one])
  })

  it('notes how long a refresh took where this tab asked, and not where another did', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const logs = [journal(one.session), journal(two.session)]
    world.server.reply = () => ({ after: 120 })
    await world.until(one.session.getAccessToken({ forceRefresh: true }))
    await world.advance(SECOND)
    expect(logs.map((log) => log.entries().at(-1))).toMatchObject([
      { what: 'refreshed', took: 121 },
      { what: 'refreshed' },
    ])
    expect(logs[1]!.entries().at(-1)).not.toHaveProperty('took')
  })

  it.each([
    ['refreshed', {}],
    ['refreshFailed', { fails: new SessionError('server') }],
  ])('does not say how long one took that was under way before: %s', async (what, reply) => {
    const world = createWorld()
    const tab = await world.signedIn()
    world.server.reply = () => ({ after: 4 * SECOND, ...reply })
    const done = outcome(tab.session.getAccessToken({ forceRefresh: true }))
    await world.advance(SECOND)
    const log = journal(tab.session)
    await world.until(done)
    expect(log.entries().at(-1)).toMatchObject({ what })
    expect(log.entries().at(-1)).not.toHaveProperty('took')
  })

  it('says of nothing but a refresh of this tab how long it took', async () => {
    const world = createWorld()
    const [one, two] = [await world.signedIn(), world.tab()]
    const log = journal(one.session)
    for (const { session } of [one, two]) {
      await world.until(session.getAccessToken({ forceRefresh: true }))
      await world.advance(SECOND)
    }
    await world.advance('14m')
    await world.until(one.session.signOut())
    expect(log.entries().flatMap(({ what, took }) => (took === undefined ? [] : [what]))).toEqual(['refreshed'])
    expect(log.entries().map(({ what }) => what)).toEqual(['start', 'refreshed', 'refreshed', 'warning', 'end'])
  })

  it('does not say how long a refresh took in which the clock was set back', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log = journal(tab.session)
    world.server.reply = () => ({ after: 4 * SECOND })
    const done = tab.session.getAccessToken({ forceRefresh: true })
    await world.advance(SECOND)
    world.setClock(-HOUR)
    await world.until(done)
    expect(log.entries().at(-1)).toMatchObject({ what: 'refreshed' })
    expect(log.entries().at(-1)).not.toHaveProperty('took')
  })

  it('notes a refresh that failed with its code and its time, and how long the next one took', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log = journal(tab.session)
    world.server.reply = () => ({ after: 80, fails: new SessionError('server') })
    await outcome(world.until(tab.session.getAccessToken({ forceRefresh: true })))
    await world.advance(MINUTE)
    world.server.reply = () => ({ after: 50 })
    await world.until(tab.session.getAccessToken({ forceRefresh: true }))
    expect(log.entries().slice(1)).toMatchObject([
      { what: 'refreshFailed', why: 'server', took: 80 },
      { what: 'refreshed', took: 51 },
    ])
  })

  it('notes an end when it was, however late the tab learned of it', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log = journal(tab.session)
    world.sleep('8h')
    tab.hint('focus')
    expect(log.entries().at(-1)).toMatchObject({ what: 'end', why: 'idle', at: 900 })
  })

  it('keeps the newest entries, and the numbers show that there were more', async () => {
    const world = createWorld()
    const log = journal((await world.signedIn()).session, { keep: 3, marks: ['a'] })
    for (let count = 0; count < 9; count++) log.mark('a')
    expect(numbers(log.entries())).toEqual([8, 9, 10])
    const usual = journal((await world.signedIn()).session, { marks: ['a'] })
    for (let count = 0; count < 300; count++) usual.mark('a')
    expect(usual.entries()).toHaveLength(200)
  })

  it('notes no mark where nobody is signed in', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log = journal(tab.session, { marks: ['a'] })
    await world.until(tab.session.signOut())
    log.mark('a')
    expect(told(log)).toEqual(['start', 'end signOut'])
  })

  const NO_NAME = 'marks: give names of 1 to 40 letters, digits, ".", "_", ":" or "-". A mark is no place for data.'
  const NOT_NAMED = 'mark: that is none of the names in `marks`.'
  const NO_NUMBER = 'keep: give a whole number above 0.'

  it.each([
    ['a mark that was not named', NOT_NAMED, () => journal(createWorld().tab().session, { marks: ['a'] }).mark('b')],
    ['a mark where none was named', NOT_NAMED, () => journal(createWorld().tab().session).mark('a')],
    ['a mark that is a text', NO_NAME, () => journal(createWorld().tab().session, { marks: ['ada@example.com'] })],
    ['a mark that ends in a text', NO_NAME, () => journal(createWorld().tab().session, { marks: ['a b'] })],
    ['a mark that begins with a text', NO_NAME, () => journal(createWorld().tab().session, { marks: ['@b'] })],
    ['a mark that is empty', NO_NAME, () => journal(createWorld().tab().session, { marks: ['a', ''] })],
    ['a mark that is long', NO_NAME, () => journal(createWorld().tab().session, { marks: ['a'.repeat(41)] })],
    ['a number of entries below 1', NO_NUMBER, () => journal(createWorld().tab().session, { keep: 0 })],
    ['a number of entries that is not whole', NO_NUMBER, () => journal(createWorld().tab().session, { keep: 1.5 })],
    ['what is no session', 'journal takes the session that createSession() returned.', () => journal({} as Session)],
  ])('refuses %s', (_what, message, act) => {
    const told = { code: 'invalid_options', message: withLink('invalid_options', message) }
    expect(act).toThrow(expect.objectContaining(told))
  })

  it('I10: stops, and leaves no timer; what is there can still be read and sent', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const server = collector()
    const log = journal(tab.session, { marks: ['a'], send: server.send })
    log.stop()
    log.stop()
    log.mark('a')
    await world.until(tab.session.signOut())
    expect([told(log), server.batches]).toEqual([['start'], []])
    await log.flush()
    expect(server.kept).toMatchObject([{ what: 'start' }])
    // The session's own removes its listeners for input.
    await world.advance(500)
    expect(tab.timers()).toBe(0)
  })

  it('is empty on a server that renders pages', async () => {
    const server = collector()
    const log = journal(createWorld().tab({}, { hasPage: false }).session, { marks: ['a'], send: server.send })
    log.mark('a')
    await log.flush()
    expect([log.entries(), server.batches]).toEqual([[], []])
  })

  it('changes nothing in a prerendered page until that is opened', async () => {
    const world = createWorld()
    await world.signedIn()
    await world.advance(SECOND)
    const before = JSON.stringify([...world.storage.stored])
    const ahead = world.tab({}, { prerendered: true })
    const log = journal(ahead.session)
    await world.advance(MINUTE)
    expect(JSON.stringify([...world.storage.stored])).toBe(before)
    ahead.activate()
    const other = journal(world.tab().session)
    expect(log.entries()[0]?.session).toBe(other.entries()[0]?.session)
  })

  it('the journal writes the pseudonym in a step with the cause `look`', async () => {
    const tab = await createWorld().signedIn()
    const causes = new Set<string>()
    tab.session.inspect(({ cause }) => causes.add(cause))
    journal(tab.session)
    expect(causes).toEqual(new Set(['look']))
  })

  it.each([
    ['server of ada@example.com', 'storage of ada@example.com'],
    ['ada@example.com server', 'ada@example.com storage'],
  ])(
    'I12: the journal notes codes and features that are not in its lists without a reason: %s',
    async (code, feature) => {
      const world = createWorld()
      const page = world.page()
      const server = customServer({
        refresh: () => Promise.reject(Object.assign(new SessionError('server'), { code })),
        receive: async (_tokens, { degraded }) => {
          degraded(feature as never, '')
          return Promise.resolve()
        },
      })
      const session = createSessionWith(page.ports, { server })
      const log = journal(session)
      await world.until(session.signIn(world.grant()))
      await world.until(outcome(session.getAccessToken({ forceRefresh: true })))
      expect(told(log)).toEqual(['start', 'degraded', 'refreshFailed'])
      expect(page.reports).toEqual([])
    },
  )

  it('I16: is no activity', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const endAt = tab.session.deadlines()?.endAt
    await world.advance(MINUTE)
    const log = journal(tab.session, { marks: ['a'] })
    log.mark('a')
    expect(tab.session.deadlines()?.endAt).toBe(endAt)
  })
})

describe('the pseudonym of a session', () => {
  it('the pseudonym of a session stays where a journal begins later, whose own name would be higher', async () => {
    const world = createWorld()
    const tabs = [await world.signedIn(), world.tab(), world.tab(), world.tab(), world.tab()]
    const names = new Set<unknown>()
    for (const tab of tabs) {
      journal(tab.session)
      await world.advance(SECOND)
      names.add(world.record()['pseudonym'])
    }
    expect([names.size, names.has(undefined)]).toEqual([1, false])
  })

  /** The names that the tabs give to their last session. */
  const names = (logs: readonly Journal[]): (string | undefined)[] => logs.map((log) => log.entries().at(-1)?.session)

  it('is one in all tabs, random, and not the id', async () => {
    const world = createWorld()
    const tabs = [world.tab(), world.tab(), world.tab()]
    const logs = tabs.map(({ session }) => journal(session))
    await world.until(tabs[0]!.session.signIn(world.grant()))
    await world.advance(SECOND)
    logs.push(journal(world.tab().session))
    const [name, ...others] = names(logs)
    expect(others).toEqual(Array(3).fill(name))
    expect(name).toMatch(/^session-\d{4}$/)
    expect(name).not.toBe(idOf(tabs[0]!))
    expect(new Set(logs.map((log) => log.entries()[0]?.tab)).size).toBe(4)
  })

  it('stays one though tabs read each other late', async () => {
    const world = createWorld()
    const tabs = [world.tab(), world.tab(), world.tab()]
    const logs = tabs.map(({ session }) => journal(session))
    world.storage.lag = 250
    await world.until(tabs[0]!.session.signIn(world.grant()))
    await world.advance(SECOND)
    expect(new Set(names(logs)).size).toBe(1)
  })

  it('is one by the channel where storage is denied', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const tabs = [await world.signedIn(), world.tab()]
    const logs = tabs.map(({ session }) => journal(session))
    await world.advance(SECOND)
    expect(new Set(names(logs)).size).toBe(1)
  })

  it('is another for the next session, and another each time', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log = journal(tab.session)
    await world.until(tab.session.signOut())
    await world.until(tab.session.signIn(world.grant()))
    const [first, , second] = log.entries()
    expect(first?.session).not.toBe(second?.session)
  })

  it.each(['ada@example.com', 'https://example.com/', '', 'x', 'a'.repeat(65)])(
    'I12: is no text that somebody planted in storage: %j',
    async (planted) => {
      const world = createWorld()
      await world.signedIn()
      world.storage.stored.set(KEY, JSON.stringify({ ...world.record(), pseudonym: planted }))
      const log = journal(world.tab().session)
      await world.advance(MINUTE)
      expect(names([log])).toEqual([expect.stringMatching(/^session-\d{4}$/)])
    },
  )
})

describe('the sending of a journal', () => {
  /** A tab with a journal, and what its server got. */
  const sending = async (
    world: World,
    server: ReturnType<typeof collector>,
    options: JournalOptions = {},
  ): Promise<{ tab: Tab; log: Journal }> => {
    const tab = await world.signedIn()
    return { tab, log: journal(tab.session, { marks: ['a'], send: server.send, ...options }) }
  }
  const turn = (world: World): Promise<void> => world.advance(0)

  it('happens when the page is hidden, with keepalive, and only for what is new', async () => {
    const world = createWorld()
    const server = collector()
    const { tab, log } = await sending(world, server)
    await world.advance(HOUR / 12)
    tab.session.check()
    await turn(world)
    expect(server.batches).toEqual([])
    tab.hint('hidden')
    await turn(world)
    tab.hint('visibilitychange')
    tab.hint('hidden')
    await turn(world)
    log.mark('a')
    tab.hint('hidden')
    await turn(world)
    expect(server.batches.map(({ entries, keepalive }) => [numbers(entries), keepalive])).toEqual([
      [[1], true],
      [[2], true],
    ])
    expect(numbers(log.entries())).toEqual([1, 2])
  })

  it('happens at the end of a session, in whichever tab that is, before the task is over', async () => {
    const world = createWorld()
    const server = collector()
    const { tab } = await sending(world, server)
    void tab.session.signOut()
    await Promise.resolve()
    await Promise.resolve()
    expect(server.batches).toMatchObject([{ entries: [{ what: 'start' }, { what: 'end' }], keepalive: true }])
  })

  it('happens by flush(), without keepalive', async () => {
    const world = createWorld()
    const server = collector()
    const { log } = await sending(world, server)
    await log.flush()
    expect(server.batches.map(({ keepalive }) => keepalive)).toEqual([false])
    await log.flush()
    expect(server.batches).toHaveLength(1)
  })

  it('never happens without `send`', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const log = journal(tab.session)
    tab.hint('hidden')
    await log.flush()
    expect([tab.timers(), world.server.calls]).toEqual([1, []])
  })

  it.each(['fails', 'throws'] as const)('that %s keeps the entries for the next time', async (how) => {
    const world = createWorld()
    const server = collector(how, how, 'kept')
    const { tab, log } = await sending(world, server)
    expect(await outcome(log.flush())).toMatchObject({ message: expect.stringMatching(/^of the/) as string })
    tab.hint('hidden')
    await turn(world)
    log.mark('a')
    await world.until(tab.session.signOut())
    expect(numbers(server.kept)).toEqual([1, 2, 3])
    expect(tab.reports).toEqual([])
  })

  it('I8: that never answers is given up after 10 s, and tried with the next', async () => {
    const world = createWorld()
    const server = collector('hangs', 'kept')
    const { log } = await sending(world, server)
    const result = outcome(log.flush())
    await world.advance(9.9 * SECOND)
    expect(server.signals[0]?.aborted).toBe(false)
    await world.advance(SECOND)
    expect([await result, server.signals[0]?.aborted]).toEqual(['timeout', true])
    await log.flush()
    expect(numbers(server.kept)).toEqual([1])
  })

  it('never happens twice at the same time, and what comes meanwhile goes with the next batch', async () => {
    const world = createWorld()
    let active = 0
    const most: number[] = []
    const batches: number[][] = []
    const { tab, log } = await sending(world, collector(), {
      async send(entries) {
        most.push(++active)
        batches.push(numbers(entries))
        void log.flush()
        await new Promise<void>((resolve) => {
          tab.ports.after(SECOND, resolve)
        })
        active--
      },
    })
    const first = log.flush()
    await turn(world)
    log.mark('a')
    tab.hint('hidden')
    const second = log.flush()
    await world.until(Promise.all([first, second]))
    expect([most, batches]).toEqual([
      [1, 1],
      [[1], [2]],
    ])
  })

  it('a batch has no keepalive if one flush() follows another', async () => {
    const world = createWorld()
    const server = collector()
    const { log } = await sending(world, server)
    const first = log.flush()
    log.mark('a')
    await Promise.all([first, log.flush()])
    expect(server.batches.map(({ entries, keepalive }) => [numbers(entries), keepalive])).toEqual([[[1, 2], false]])
  })

  it('has keepalive from when the page is hidden, though a flush() was on its way', async () => {
    const world = createWorld()
    const flags: boolean[] = []
    const { tab, log } = await sending(world, collector(), {
      async send(_entries, { keepalive }) {
        flags.push(keepalive)
        await new Promise<void>((resolve) => {
          tab.ports.after(SECOND, resolve)
        })
      },
    })
    const result = log.flush()
    await turn(world)
    log.mark('a')
    tab.hint('hidden')
    void log.flush()
    await world.until(result)
    expect(flags).toEqual([false, true])
  })

  it('has no body above 64 KiB, whatever is kept', async () => {
    const world = createWorld()
    const server = collector()
    const long = 'm'.repeat(40)
    const { tab, log } = await sending(world, server, { keep: 1000, marks: [long] })
    await world.advance(11 * MINUTE)
    for (let count = 0; count < 999; count++) log.mark(long)
    tab.hint('hidden')
    await turn(world)
    const sizes = server.batches.map(({ entries }) => new TextEncoder().encode(JSON.stringify(entries)).length)
    expect(sizes).toHaveLength(5)
    expect(Math.max(...sizes)).toBeLessThan(6e4)
    expect(numbers(server.kept)).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1))
  })

  it('S122: shows by gaps what a server lost, and nothing else', async () => {
    const world = createWorld()
    const answers = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'lost' : 'kept'))
    const server = collector(...answers)
    const { tab, log } = await sending(world, server)
    const lost: number[] = []
    for (let batch = 0; batch < 20; batch++) {
      for (let count = 0; count < 3; count++) log.mark('a')
      tab.hint('hidden')
      await world.advance(MINUTE / 2)
      if (batch % 2) lost.push(...numbers(server.batches.at(-1)!.entries))
    }
    const got = new Set(numbers(server.kept))
    const all = Array.from({ length: 61 }, (_, index) => index + 1)
    expect(server.batches).toHaveLength(20)
    expect(all.filter((n) => !got.has(n))).toEqual(lost)
    expect(lost).toHaveLength(30)
  })

  it('S122: has no gap where the server says that it has failed', async () => {
    const world = createWorld()
    const answers = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'kept' : 'fails'))
    const server = collector(...answers)
    const { tab, log } = await sending(world, server)
    for (let batch = 0; batch < 20; batch++) {
      log.mark('a')
      tab.hint('hidden')
      await world.advance(MINUTE / 2)
    }
    expect(numbers(server.kept)).toEqual(Array.from({ length: 21 }, (_, index) => index + 1))
  })

  it('shows by a gap what was too much to keep', async () => {
    const world = createWorld()
    const server = collector('fails', 'kept')
    const { log } = await sending(world, server, { keep: 5 })
    await outcome(log.flush())
    for (let count = 0; count < 9; count++) log.mark('a')
    await log.flush()
    expect(numbers(server.kept)).toEqual([6, 7, 8, 9, 10])
  })
})
