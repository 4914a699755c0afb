import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMemorySessions } from '../../demo/server/memory-sessions.mjs'
import { createRedisSessions } from '../../demo/server/redis-sessions.mjs'
import { CART_SIZE, type Sessions } from '../../demo/server/sessions.mjs'
import { startRedis } from './redis.js'

let redis: Awaited<ReturnType<typeof startRedis>>
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

let count = 0
const open = {
  memory: (absoluteTimeout: number) => createMemorySessions({ absoluteTimeout }),
  redis: (absoluteTimeout: number) =>
    createRedisSessions({ socket: redis.socket, prefix: `${String((count += 1))}:`, absoluteTimeout }),
}

describe.each(['memory', 'redis'] as const)('sessions in %s', (kind) => {
  let sessions: Sessions
  beforeEach(async () => {
    sessions = await open[kind](60)
  })
  afterEach(() => sessions.close())

  const stored = (maxAge: number, startedAt = Date.now()): object => ({
    cookie: { expires: new Date(Date.now() + maxAge), originalMaxAge: maxAge },
    startedAt,
  })
  const call = (method: 'set' | 'touch', id: string, session: object): Promise<void> =>
    new Promise((resolve, reject) => {
      // As express-session calls it.
      sessions.store[method](id, session, (error) =>
        error === null || error === undefined ? resolve() : reject(new Error('The store failed', { cause: error })),
      )
    })
  const begin = (id: string, maxAge = 10_000): Promise<void> => call('set', id, stored(maxAge))
  const listen = (id: string): string[] => {
    const heard: string[] = []
    sessions.on(id, (event) => heard.push(event))
    return heard
  }

  test('the sessions of a user, of a login and of both are found, and no others', async () => {
    for (const [id, sub, sid] of ['a ada 1', 'b ada 2', 'c bob 3', 'd bob 1'].map((line) => line.split(' '))) {
      await begin(id ?? '')
      expect(await sessions.own(id ?? '', { sub: sub ?? '', sid: sid ?? '' })).toBe(true)
    }
    expect((await sessions.find({ sub: 'ada' })).sort()).toEqual(['a', 'b'])
    expect((await sessions.find({ sid: '1' })).sort()).toEqual(['a', 'd'])
    expect(await sessions.find({ sub: 'ada', sid: '1' })).toEqual(['a'])
    expect(await sessions.find({ sub: 'eve' })).toEqual([])
  })

  test('an end discards the cart and is told to those who listen to this session', async () => {
    await begin('a')
    await begin('b')
    const heard = { a: listen('a'), b: listen('b') }
    expect(await sessions.addToCart('a', ['tea', 'milk'])).toEqual(['tea', 'milk'])
    expect(await sessions.cart('a')).toEqual(['tea', 'milk'])
    await sessions.end(['a'])
    await expect.poll(() => heard).toEqual({ a: ['cart', 'verify'], b: [] })
    expect([await sessions.timeLeft('a'), await sessions.cart('a')]).toEqual([null, []])
    expect((await sessions.timeLeft('b'))?.idle).toBeGreaterThan(9000)
  })

  test('a session that has ended is not brought back by a request that still reads it', async () => {
    await begin('a')
    await sessions.end(['a'])
    await call('touch', 'a', stored(10_000))
    expect(await sessions.timeLeft('a')).toBe(null)
    expect(await sessions.addToCart('a', ['tea'])).toBe(null)
    expect(await sessions.cart('a')).toEqual([])
  })

  test('a cart expires with its session, and not before it', async () => {
    for (const id of ['prolonged', 'idle']) {
      await begin(id, 1000)
      await sessions.addToCart(id, [id])
    }
    await call('touch', 'prolonged', stored(10_000))
    await expect.poll(() => sessions.timeLeft('idle'), { timeout: 3000 }).toBe(null)
    await expect.poll(() => sessions.cart('idle')).toEqual([])
    expect(await sessions.cart('prolonged')).toEqual(['prolonged'])
  })

  test('no activity moves the absolute limit', async () => {
    await call('set', 'a', stored(10_000, Date.now() - 58_000))
    await call('touch', 'a', stored(10_000, Date.now() - 58_000))
    const left = await sessions.timeLeft('a')
    expect(left?.soonest).toBeLessThanOrEqual(2000)
    expect(left?.idle).toBeGreaterThan(9000)
  })

  test('a cart takes so many things and no more', async () => {
    await begin('a')
    await sessions.addToCart('a', Array<string>(CART_SIZE - 1).fill('tea'))
    expect(await sessions.addToCart('a', ['tea', 'milk'])).toBe(null)
    expect(await sessions.addToCart('a', ['milk'])).toHaveLength(CART_SIZE)
    expect(await sessions.addToCart('a', ['milk'])).toBe(null)
  })

  test('a cart is taken once', async () => {
    await begin('a')
    await sessions.addToCart('a', ['tea'])
    const taken = await Promise.all([sessions.takeCart('a'), sessions.takeCart('a')])
    expect(taken.flat()).toEqual(['tea'])
  })

  test('a login that the provider has logged out gets no session', async () => {
    await begin('a')
    await sessions.refuseLogin('1')
    expect(await sessions.own('a', { sub: 'ada', sid: '1' })).toBe(false)
    expect(await sessions.timeLeft('a')).toBe(null)
  })

  test('a token counts once', async () => {
    const asked = [sessions.isFirst('x', 10), sessions.isFirst('x', 10), sessions.isFirst('y', 10)]
    expect(await Promise.all(asked)).toEqual([true, false, true])
  })

  test('an administrator ends all sessions', async () => {
    await begin('a')
    await begin('b')
    const heard = [listen('a'), listen('b')]
    await sessions.endAll()
    await expect.poll(() => heard).toEqual([['verify'], ['verify']])
    expect([await sessions.timeLeft('a'), await sessions.timeLeft('b')]).toEqual([null, null])
  })
})

test('a server that is gone says that nothing is known, and the folder of its socket is gone too', async () => {
  const own = await startRedis()
  const sessions = await createRedisSessions({ socket: own.socket, prefix: '', absoluteTimeout: 60 })
  await own.stop()
  await expect(sessions.timeLeft('a')).rejects.toThrow()
  await sessions.close()
})
