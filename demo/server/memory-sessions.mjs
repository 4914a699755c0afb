import session from 'express-session'

import { createHub } from './hub.mjs'
import { CART_SIZE, REFUSED_FOR, timeLeftOf } from './sessions.mjs'

/**
 * Sessions in the memory of one process.
 *
 * @param {{ absoluteTimeout: number }} options seconds
 * @returns {import('./sessions.mjs').Sessions}
 */
export function createMemorySessions({ absoluteTimeout }) {
  const store = new session.MemoryStore()
  const hub = createHub()
  /** @type {Map<string, string[]>} */
  const carts = new Map()
  /** @type {Map<string, import('./sessions.mjs').Owner>} */
  const owners = new Map()
  /** Names, each valid until a time. @type {Map<string, number>} */
  const marks = new Map()

  const leftOf = (id) => {
    const stored = store.sessions[id]
    const left = stored ? timeLeftOf(JSON.parse(stored), absoluteTimeout) : null
    return left && left.soonest > 0 ? left : null
  }
  const end = (ids) => {
    for (const id of ids) {
      delete store.sessions[id]
      carts.delete(id)
      owners.delete(id)
    }
    hub.send(ids, 'verify')
  }
  /** Express's store deletes an expired session when it is next read. What is kept under its id is deleted by the next call. */
  const endExpired = () => end([...new Set([...carts.keys(), ...owners.keys()])].filter((id) => leftOf(id) === null))

  const hasMark = (name) => (marks.get(name) ?? 0) > Date.now()
  const mark = (name, seconds) => {
    for (const [old, until] of marks) if (until <= Date.now()) marks.delete(old)
    marks.set(name, Date.now() + seconds * 1000)
  }

  store.destroy = (id, done) => {
    end([id])
    if (done) setImmediate(done)
  }

  return {
    kind: 'memory',
    store,
    on: hub.on,
    async timeLeft(id) {
      endExpired()
      return leftOf(id)
    },
    async own(id, owner) {
      owners.set(id, owner)
      if (!hasMark(`login ${owner.sid}`)) return true
      end([id])
      return false
    },
    async find({ sub, sid }) {
      endExpired()
      return [...owners].flatMap(([id, owner]) =>
        (sub === undefined || sub === owner.sub) && (sid === undefined || sid === owner.sid) ? [id] : [],
      )
    },
    end: async (ids) => end(ids),
    refuseLogin: async (sid) => mark(`login ${sid}`, REFUSED_FOR),
    endAll: async () => end(Object.keys(store.sessions)),
    async cart(id) {
      endExpired()
      return [...(carts.get(id) ?? [])]
    },
    async addToCart(id, items) {
      endExpired()
      const next = [...(carts.get(id) ?? []), ...items]
      if (leftOf(id) === null || next.length > CART_SIZE) return null
      carts.set(id, next)
      hub.send([id], 'cart')
      return [...next]
    },
    async takeCart(id) {
      const items = carts.get(id) ?? []
      carts.delete(id)
      if (items.length > 0) hub.send([id], 'cart')
      return items
    },
    async isFirst(jti, seconds) {
      const isFirst = !hasMark(`token ${jti}`)
      if (isFirst) mark(`token ${jti}`, seconds)
      return isFirst
    },
    close: async () => {},
  }
}
