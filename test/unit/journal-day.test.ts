import { describe, expect, it } from 'vitest'
import { SessionError } from '../../src/errors.js'
import { journal, type Journal, type JournalEntry } from '../../src/journal.js'
import { createWorld, HOUR, KEY, MINUTE, outcome, type Tab } from './session/world.js'

const numbers = (entries: readonly JournalEntry[]): number[] => entries.map(({ n }) => n)

/** Pseudo-random numbers, 0 ≤ x < 1 (mulberry32). */
const randomBy = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const SECRETS = /access-|refresh-|example|ada|http|@|monday/i
const WHYS: Readonly<Record<JournalEntry['what'], readonly (string | undefined)[]>> = {
  start: [undefined],
  warning: [undefined],
  extended: ['user', 'activity', 'server'],
  refreshed: [undefined],
  refreshFailed: ['offline', 'server', 'rate_limited', 'timeout', 'invalid_response', undefined],
  degraded: ['storage', 'channel', 'locks', 'tokenStore', 'dpop'],
  switched: [undefined],
  end: ['signOut', 'idle', 'absolute', 'rejected', 'wiped'],
  mark: ['checkout', 'search'],
}

/** A day in three tabs: people come and go, servers fail with texts of all kinds, and storage holds what others wrote. */
async function day(seed: number): Promise<{ readonly entries: JournalEntry[]; readonly ids: ReadonlySet<string> }> {
  const random = randomBy(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const world = createWorld({ random })
  const options = { idleTimeout: '16m', warnBefore: '8m', absoluteTimeout: '8h', stalePage: 'event' } as const
  const tabs = [world.tab(options), world.tab(options), world.tab(options)]
  const all = new Map<string, JournalEntry>()
  const collect = (entries: readonly JournalEntry[]): void => {
    for (const entry of entries) all.set(`${entry.tab} ${String(entry.n)}`, entry)
  }
  const send = (entries: readonly JournalEntry[]): Promise<void> => {
    collect(entries)
    return random() < 0.5 ? Promise.resolve() : Promise.reject(new Error('ada@example.com'))
  }
  const logs = tabs.map(({ session }) => journal(session, { marks: ['checkout', 'search'], send }))
  const ids = new Set<string>()
  for (const { session } of tabs)
    session.inspect(({ record }) => {
      if (record) ids.add((record as { id: string }).id)
    })
  const texts = ['ada@example.com', 'https://example.com/?q=access-f1-1', 'monday']
  const fails = (): unknown =>
    pick([
      new TypeError('Failed to fetch https://example.com/'),
      new SessionError('server', { message: 'access-f1-1' }),
      new SessionError('rate_limited', { retryAt: world.time.clock().wall + MINUTE }),
      Object.assign(new SessionError('server'), { code: pick(texts) }),
      { name: 'SessionError', code: 'toString' },
    ])
  const plant = (): void => {
    const key = pick(['id', 'login', 'pseudonym', 'reason', 'note'])
    const record = world.storage.stored.get(KEY)
    if (record) world.storage.stored.set(KEY, JSON.stringify({ ...JSON.parse(record), [key]: pick(texts) }))
  }
  const acts: readonly ((tab: Tab, log: Journal) => unknown)[] = [
    (tab) => tab.session.signIn(world.grant(), { login: `monday ${String(random())}` }),
    (tab) => tab.input(),
    (tab) => tab.input(),
    (tab) => outcome(tab.session.getAccessToken({ forceRefresh: true })),
    (tab) => outcome(tab.session.getAccessToken()),
    (tab) => tab.session.extend(),
    (tab) => tab.session.extend(),
    (tab) => tab.phase() === 'signedOut' && tab.session.signIn(world.grant()),
    (tab) => random() < 0.3 && tab.session.signOut(),
    (tab) => tab.hint(pick(['hidden', 'focus', 'visibilitychange', 'online'])),
    (_tab, log) => log.mark(pick(['checkout', 'search'])),
    () => (world.server.reply = random() < 0.4 ? () => ({ fails: fails() }) : () => ({})),
    () => (world.storage.isAvailable = random() < 0.8),
    () => (world.locks.isAvailable = random() < 0.8),
    () => random() < 0.2 && plant(),
    () => random() < 0.1 && world.sleep('1h'),
  ]
  while (world.time.passed() < 24 * HOUR) {
    const index = Math.floor(random() * 3)
    void Promise.resolve(pick(acts)(tabs[index]!, logs[index]!)).catch((error: unknown) => {
      if (!(error instanceof SessionError)) throw error
    })
    await world.advance(Math.floor(random() * 8 * MINUTE))
    for (const log of logs) collect(log.entries())
  }
  return { entries: [...all.values()], ids }
}

describe('S121: a day in three tabs', () => {
  it.each([1, 2, 3])(
    'leaves nothing in the journal but words of closed lists, names and numbers (%d)',
    async (seed) => {
      const { entries, ids } = await day(seed)
      const kinds = new Set(entries.map(({ what }) => what))
      expect(entries.length).toBeGreaterThan(200)
      expect([...kinds].sort()).toEqual(Object.keys(WHYS).sort())
      for (const { session, tab, n, at, what, why, took, ...rest } of entries) {
        expect(rest).toEqual({})
        expect([session, tab].every((name) => /^session-\d{4}$/.test(name) && !ids.has(name))).toBe(true)
        expect(WHYS[what]).toContain(why)
        expect([n, at, took ?? 0].every((number) => Number.isInteger(number) && number >= 0)).toBe(true)
      }
      expect(JSON.stringify(entries)).not.toMatch(SECRETS)
      const tabs = [...new Set(entries.map(({ tab }) => tab))]
      expect(tabs).toHaveLength(3)
      for (const name of tabs) {
        const own = numbers(entries.filter(({ tab }) => tab === name))
        expect(own).toEqual(Array.from({ length: own.length }, (_, index) => index + 1))
      }
    },
  )
})
