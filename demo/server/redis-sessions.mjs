import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

import { createHub } from './hub.mjs'
import { CART_SIZE, REFUSED_FOR, timeLeftOf } from './sessions.mjs'

/** Adds to the cart of a live session, and lets it expire with the session. One step: an end between two could leave a cart behind. */
const ADD_TO_CART = `
  local left = redis.call('PTTL', KEYS[1])
  if left <= 0 or redis.call('LLEN', KEYS[2]) + #ARGV > ${CART_SIZE} then return nil end
  redis.call('RPUSH', KEYS[2], unpack(ARGV))
  redis.call('PEXPIRE', KEYS[2], left)
  return redis.call('LRANGE', KEYS[2], 0, -1)`

/**
 * Sessions on Redis, which any number of processes share. Keys below `prefix`:
 *
 * - `session:ID` by connect-redis, `cart:ID`, and `idle:ID` with the time of the idle limit: they expire together, at the first of
 *   both limits;
 * - `user:SUB` and `login:SID`: the ids of a user and of a login, each with the time at which its session must be over. One that was
 *   ended before stays until then, which does no harm, because no id is used twice;
 * - `refused:SID` and `token:JTI`: logins that the provider has logged out, and logout tokens that were used.
 *
 * A message on the channel `events` says what happened to which sessions. It may be lost while a process has no connection, so
 * nothing relies on it: the stream of a page also reads the store, at least every 15 s (events.mjs).
 *
 * @param {{ socket: string, prefix: string, absoluteTimeout: number }} options `socket` is the path of the server's; seconds
 * @returns {Promise<import('./sessions.mjs').Sessions>}
 */
export async function createRedisSessions({ socket, prefix, absoluteTimeout }) {
  // Without a connection a command fails at once, and the page gets a 503 instead of no response.
  const client = createClient({ socket: { path: socket }, disableOfflineQueue: true })
  const subscriber = client.duplicate()
  // The clients reconnect by themselves, and a command that fails meanwhile rejects.
  for (const each of [client, subscriber]) each.on('error', () => {})
  await Promise.all([client.connect(), subscriber.connect()])

  const key = (kind, id) => `${prefix}${kind}:${id}`
  const channel = `${prefix}events`
  const hub = createHub()
  await subscriber.subscribe(channel, (message) => {
    const { ids, event } = JSON.parse(message)
    hub.send(ids, event)
  })
  const publish = (ids, event) => client.publish(channel, JSON.stringify({ ids, event }))

  /** First the store, then the message: a check that follows at once gets a 401. */
  const end = async (ids) => {
    if (ids.length === 0) return
    await client.del(ids.flatMap((id) => ['session', 'cart', 'idle'].map((kind) => key(kind, id))))
    await publish(ids, 'verify')
  }

  const store = new RedisStore({
    client,
    prefix: key('session', ''),
    ttl: (stored) => Math.ceil(timeLeftOf(stored, absoluteTimeout).soonest / 1000),
  })
  const { set, touch } = store
  /** @param {'XX' | undefined} condition `XX`: makes nothing that is not there. EXPIRE never does. */
  const moveEnd = (id, stored, condition) => {
    const value = store.getTTL(stored)
    if (value <= 0) return end([id])
    const idleAt = String(Math.round(Date.now() + timeLeftOf(stored, absoluteTimeout).idle))
    const options = { expiration: { type: 'EX', value }, ...(condition && { condition }) }
    return Promise.all([client.expire(key('cart', id), value), client.set(key('idle', id), idleAt, options)])
  }
  /** Does what connect-redis does, and moves the expiry of the keys that connect-redis does not know. */
  const withEnd = (method, condition) => (id, stored, done) =>
    Promise.all([moveEnd(id, stored, condition), method.call(store, id, stored)]).then(
      () => done?.(null),
      (error) => done?.(error),
    )
  store.set = withEnd(set)
  store.touch = withEnd(touch, 'XX')
  store.destroy = (id, done) =>
    end([id]).then(
      () => done?.(null),
      (error) => done?.(error),
    )

  return {
    kind: 'redis',
    store,
    on: hub.on,
    async timeLeft(id) {
      const [soonest, idleAt] = await Promise.all([client.pTTL(key('session', id)), client.get(key('idle', id))])
      return soonest > 0 ? { soonest, idle: idleAt ? Number(idleAt) - Date.now() : soonest } : null
    },
    async own(id, { sub, sid }) {
      const until = Math.ceil(Date.now() + absoluteTimeout * 1000)
      const file = client.multi()
      for (const set of [key('user', sub), key('login', sid)]) {
        file.zAdd(set, { score: until, value: id }).zRemRangeByScore(set, 0, Date.now()).pExpireAt(set, until)
      }
      await file.exec()
      // Asked after it was filed, and `refuseLogin` comes before `find`: whichever is first, one of the two sees the other.
      if (!(await client.exists(key('refused', sid)))) return true
      await end([id])
      return false
    },
    find({ sub, sid }) {
      const sets = [sub === undefined ? [] : key('user', sub), sid === undefined ? [] : key('login', sid)].flat()
      return client.zInter(sets)
    },
    end,
    async refuseLogin(sid) {
      await client.set(key('refused', sid), '1', { expiration: { type: 'EX', value: REFUSED_FOR } })
    },
    endAll: async () => end(await store.ids()),
    cart: (id) => client.lRange(key('cart', id), 0, -1),
    async addToCart(id, items) {
      const keys = [key('session', id), key('cart', id)]
      const all = await client.eval(ADD_TO_CART, { keys, arguments: [...items] })
      if (all) await publish([id], 'cart')
      return all
    },
    async takeCart(id) {
      const cart = key('cart', id)
      const [items] = await client.multi().lRange(cart, 0, -1).del(cart).exec()
      if (items.length > 0) await publish([id], 'cart')
      return items
    },
    async isFirst(jti, seconds) {
      const expiration = { type: 'EX', value: seconds }
      return (await client.set(key('token', jti), '1', { condition: 'NX', expiration })) === 'OK'
    },
    async close() {
      for (const each of [client, subscriber]) each.destroy()
    },
  }
}
