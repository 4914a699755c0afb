/**
 * The provider's storage, in one Map: https://github.com/panva/node-oidc-provider/blob/main/example/my_adapter.js
 *
 * The provider's own memory store is shared by the whole process, and prints a warning that it is lost at exit. Here each started
 * demo has a store of its own, which is meant to be lost when it stops.
 *
 * @returns {(model: string) => object} the adapter factory that the provider's configuration takes
 */
export function createMemoryStore() {
  /** @type {Map<string, { payload: Record<string, any>, expiresAt: number }>} */
  const entries = new Map()

  const read = (key) => {
    const entry = entries.get(key)
    if (!entry) return undefined
    if (entry.expiresAt > Date.now()) return entry.payload
    entries.delete(key)
    return undefined
  }

  const dropExpired = () => {
    const now = Date.now()
    for (const [key, { expiresAt }] of entries) if (expiresAt <= now) entries.delete(key)
  }

  return (model) => {
    const prefix = `${model}:`
    const findBy = (field, value) => {
      for (const key of entries.keys()) {
        if (!key.startsWith(prefix)) continue
        const payload = read(key)
        if (payload?.[field] === value) return payload
      }
      return undefined
    }
    return {
      async upsert(id, payload, expiresIn) {
        dropExpired()
        entries.set(prefix + id, { payload, expiresAt: expiresIn ? Date.now() + expiresIn * 1000 : Infinity })
      },
      async find(id) {
        return read(prefix + id)
      },
      async findByUid(uid) {
        return findBy('uid', uid)
      },
      async findByUserCode(userCode) {
        return findBy('userCode', userCode)
      },
      // A used refresh token stays, marked as used, so that reuse is detected.
      async consume(id) {
        const payload = read(prefix + id)
        if (payload) payload.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        entries.delete(prefix + id)
      },
      async revokeByGrantId(grantId) {
        for (const [key, { payload }] of entries) {
          if (key.startsWith(prefix) && payload.grantId === grantId) entries.delete(key)
        }
      },
    }
  }
}
