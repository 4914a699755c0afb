/** 100,000 pieces of hostile input. A failure names the seed that repeats it. */
import { expect, it } from 'vitest'
import { isSessionError } from '../../src/errors.js'
import type { OnMessage } from '../../src/ports/types.js'
import { oauth } from '../../src/servers/oauth.js'
import { parseTokenResponse } from '../../src/tokens/token-response.js'
import { storedTokens } from '../../src/tokens/stored-tokens.js'
import { webStorageTokens } from '../../src/tokens/stores/web-storage.js'
import type { SessionStep, StoredTokens } from '../../src/types.js'
import { createWorld, KEY, MINUTE, SECOND, START, type Tab } from '../unit/session/world.js'
import { createHostile, createRandom, pollution } from './hostile.js'

const seed = Math.floor(Math.random() * 2 ** 31)
const IDLE = 15 * MINUTE
const ABSOLUTE = 60 * MINUTE
/** How far ahead another tab's clock may be. */
const AHEAD = 2 * SECOND
/** A second or two; a busy machine takes longer. */
const LIMIT = 60 * SECOND
const TOKEN = 'the-token-of-this-session'

const hostile = (): ReturnType<typeof createHostile> => createHostile(createRandom(seed), START)
const texts = (sound: object): Record<string, unknown> => JSON.parse(JSON.stringify(sound)) as Record<string, unknown>

/** A tab that is signed in, and gets the messages of the test. */
async function open(): Promise<{ world: ReturnType<typeof createWorld>; tab: Tab; hear: OnMessage; last: () => Last }> {
  let hear: OnMessage = () => undefined
  const world = createWorld({
    ports: (own) => ({
      ...own,
      openChannel(key, heard) {
        hear = heard
        return own.openChannel(key, heard)
      },
    }),
  })
  const tab = world.tab({ idleTimeout: '15m', absoluteTimeout: '60m' }, { methods: [] })
  await world.until(tab.session.signIn({ access_token: TOKEN, expires_in: 3600 }))
  world.time.sleep(10 * MINUTE)
  let record: Last = null
  tab.session.inspect((step: SessionStep) => (record = step.record as Last))
  tab.session.check()
  return { world, tab, hear: (...what) => hear(...what), last: () => record }
}

type Last = { id: string; seq: number; startedAt: number; endedAt: number; skew: number } | null

/** Everything that must hold after each piece of input; returns what does not. */
function watch({ world, tab, last }: Awaited<ReturnType<typeof open>>) {
  const own = last()!
  const name = (record: NonNullable<Last>): string => `${record.id} ${String(record.seq)}`
  const over = new Set<string>()
  return (): string[] => {
    const faults: string[] = []
    const { wall } = world.time.clock()
    const record = last()
    const deadlines = tab.session.deadlines()
    if (record && deadlines) {
      if (over.has(name(record))) faults.push('came back')
      if (!(deadlines.endAt <= wall + Math.min(IDLE, ABSOLUTE) + AHEAD)) faults.push('longer than the options')
      if (name(record) === name(own) && !(deadlines.endAt <= own.startedAt + ABSOLUTE))
        faults.push('longer than it may')
    }
    if (record && record.endedAt !== Infinity) over.add(name(record))
    if (tab.reports.length > 0) faults.push(`reports ${String(tab.reports[0])}`)
    return [...faults, ...pollution()]
  }
}

const times = async (count: number, work: (turn: number) => void | Promise<void>): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await work(turn)
}

it('35,000 messages by channel throw nothing, lengthen nothing and pollute nothing', { timeout: LIMIT }, async () => {
  const { pick, json, spoilt, thing, random } = hostile()
  let state = await open()
  let check = watch(state)
  let sound = texts(state.world.record())
  await times(35_000, async (turn) => {
    const record = random() < 0.8 ? spoilt(sound) : pick<unknown>([json(), thing()])
    const end = random() < 0.1 ? spoilt({ id: sound['id'], seq: sound['seq'], endedAt: 1, reason: 'idle' }) : thing()
    const message: unknown = random() < 0.1 ? thing() : { record, ...(random() < 0.3 && { end }), other: thing() }
    // As the port does it, which knows no more of a message.
    state.hear('channel', message instanceof Object ? message : null)
    expect(check(), `seed ${String(seed)}, message ${String(turn)}: ${String(record)}`).toEqual([])
    if (turn % 50 === 0) {
      const asked = state.tab.session.getAccessToken().catch((error: unknown) => error)
      const token = await state.world.until(asked)
      expect(token === TOKEN || isSessionError(token)).toBe(true)
    }
    if (state.tab.phase() === 'signedOut' || turn % 500 === 0) {
      state = await open()
      check = watch(state)
      sound = texts(state.world.record())
    }
  })
})

it('35,000 texts in storage throw nothing, lengthen nothing and pollute nothing', { timeout: LIMIT }, async () => {
  const { pick, json, spoilt, random } = hostile()
  let state = await open()
  let check = watch(state)
  let sound = texts(state.world.record())
  await times(35_000, async (turn) => {
    const record = random() < 0.85 ? spoilt(sound) : pick([json(), ''])
    state.world.storage.stored.set(KEY, record)
    if (random() < 0.1)
      state.world.storage.stored.set(
        `${KEY}:end`,
        spoilt({ id: sound['id'], seq: sound['seq'], endedAt: 1, reason: 'idle' }),
      )
    state.tab.session.check()
    expect(check(), `seed ${String(seed)}, text ${String(turn)}: ${record}`).toEqual([])
    if (state.tab.phase() === 'signedOut' || turn % 500 === 0) {
      state = await open()
      check = watch(state)
      sound = texts(state.world.record())
    }
  })
})

it('15,000 values in a token store are what was put in, or nothing', { timeout: LIMIT }, async () => {
  const { json, spoilt, thing, random } = hostile()
  const sound: StoredTokens = { id: 'session-1', generation: 1, tokens: { access_token: 'a' }, expiresAt: 1 }
  const entries = new Map<string, string>()
  const storage = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => entries.set(key, value),
    removeItem: (key: string) => entries.delete(key),
  } as unknown as Storage
  const store = webStorageTokens(() => storage, 'tokens')
  await times(15_000, async () => {
    const value = random() < 0.5 ? spoilt(sound, ['id', 'generation', 'tokens', 'expiresAt']) : json()
    entries.set('tokens', value)
    for (const found of [await store.get(), storedTokens(thing())]) {
      if (!found) continue
      expect(Object.keys(found).sort()).toEqual(['expiresAt', 'generation', 'id', 'tokens'])
      expect([typeof found.id, typeof found.tokens.access_token]).toEqual(['string', 'string'])
    }
    const removed = await store.clear('session-1')
    expect(removed === null || removed.id === 'session-1').toBe(true)
    expect(pollution()).toEqual([])
  })
})

it(
  '15,000 responses of a token endpoint are tokens, or one clear error that quotes nothing of them',
  { timeout: LIMIT },
  async () => {
    const { pick, json, spoilt, random, number } = hostile()
    const mark = 'secret-in-the-answer'
    const sound = { access_token: mark, token_type: 'Bearer', expires_in: 300, refresh_token: mark, error: mark }
    let answer: () => Response = () => new Response()
    const server = oauth({ tokenEndpoint: '/token', clientId: 'app', fetch: async () => Promise.resolve(answer()) })
    const header = (): string =>
      pick([
        '',
        'soon',
        '-1',
        '1e999',
        String(number()),
        'Thu, 01 Jan 1970 00:00:00 GMT',
        'Fri, 31 Dec 9999 23:59:59 GMT',
      ])
    await times(15_000, async (turn) => {
      const status = pick([200, 200, 201, 400, 400, 401, 403, 404, 408, 418, 429, 500, 503, 599])
      const names = [...Object.keys(sound), 'error_description']
      const body = random() < 0.7 ? spoilt(sound, names) : pick([json(), `<html>${mark}`, mark, ''])
      answer = () => new Response(body, { status, headers: { 'Retry-After': header(), Date: header() } })
      const { signal } = new AbortController()
      const got: unknown = await server.refresh!({ access_token: 'a', refresh_token: 'r' }, { signal, activeAt: 0 })
        .then(parseTokenResponse)
        .catch((error: unknown) => error)
      if (isSessionError(got)) {
        const { code, message, retryAt = 1 } = got
        expect(message + String(got.cause)).not.toContain(mark)
        expect(Number.isFinite(retryAt)).toBe(true)
        const ends = status < 500 && status !== 429 && /"error":"[^"]/.test(body)
        if (code === 'rejected' && !ends) expect.fail(`seed ${String(seed)}, answer ${String(turn)}: ended by ${body}`)
      } else if (typeof (got as { access_token: unknown }).access_token !== 'string')
        expect.fail(`seed ${String(seed)}, answer ${String(turn)}: ${String(got)} of ${body}`)
      expect(pollution()).toEqual([])
    })
  },
)
