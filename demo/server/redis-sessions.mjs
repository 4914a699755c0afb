import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

import { createHub } from './hub.mjs'
import { CART_SIZE, REFUSED_FOR, timeLeftOf } from './sessions.mjs'

/** Adds to a cart whose session lives, and lets it expire with it: in one step, or an end between two could leave a cart behind. */
const ADD_TO_CART = `
  local left = redis.call('PTTL', KEYS[1])
  if left <= 0 or redis.call('LLEN', KEYS[2]) + #ARGV > ${CART_SIZE} then return nil end
  redis.call('RPUSH', KEYS[2], unpack(ARGV))
  redis.call('PEXPIRE', KEYS[2], left)
  return redis.call('LRANGE', KEYS[2], 0, -1)`

/**
 * Sessions on Redis, which any number of processes share. Keys below `prefix`:
 *
 * - `session:ID` by connect-redis, and `cart:ID`: both expire together, at the first of both limits;
 * - `user:SUB` and `login:SID`: the ids of a user and of a login. An id in there may be over already, which does no harm, because no
 *   id is used twice; the set itself expires once its last session must be over;
 * - `refused:SID` and `token:JTI`: logins that the provider has logged out, and logout tokens that were used.
 *
 * A message on the channel `events` says what happened to which sessions. It may be lost while a process has no connection, so
 * nothing relies on it: a page's stream looks at the store as well, from time to time (events.mjs).
 *
 * @param {{ socket: string, prefix: string, absoluteTimeout: number }} options `socket` is the path of the server's; seconds
 * @returns {Promise<import('./sessions.mjs').Sessions>}
 */
export async function createRedisSessions({ socket, prefix, absoluteTimeout }) {
  // Without a connection a command fails at once, and the page hears "try again", in place of waiting for ever.
  const client = createClient({ socket: { path: socket }, disableOfflineQueue: true })
  const subscriber = client.duplicate()
  // The clients connect anew by themselves, and each command that fails meanwhile says so to its caller.
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

  /** First the store, then the message: a page that asks at once hears 401. */
  const end = async (ids) => {
    if (ids.length === 0) return
    await client.del(ids.flatMap((id) => [key('session', id), key('cart', id)]))
    await publish(ids, 'verify')
  }

  const store = new RedisStore({
    client,
    prefix: key('session', ''),
    ttl: (stored) => Math.ceil(timeLeftOf(stored, absoluteTimeout) / 1000),
  })
  const touch = store.touch.bind(store)
  store.touch = async (id, stored, done) => {
    // Sent together with what connect-redis sends; EXPIRE makes no key that is not there.
    const cart = client.expire(key('cart', id), store.getTTL(stored)).catch(() => {})
    await touch(id, stored, done)
    await cart
  }
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
      const left = await client.pTTL(key('session', id))
      return left > 0 ? left : null
    },
    async own(id, { sub, sid }) {
      const sets = [key('user', sub), key('login', sid)]
      await Promise.all(sets.flatMap((set) => [client.sAdd(set, id), client.expire(set, Math.ceil(absoluteTimeout))]))
      // Asked after it was filed, and `refuseLogin` comes before `find`: whichever is first, one of the two sees the other.
      if (!(await client.exists(key('refused', sid)))) return true
      await end([id])
      return false
    },
    find({ sub, sid }) {
      const sets = [sub === undefined ? [] : key('user', sub), sid === undefined ? [] : key('login', sid)].flat()
      return client.sInter(sets)
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
