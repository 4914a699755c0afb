/**
 * The listeners of this process for events of sessions.
 */
export function createHub() {
  /** @type {Map<string, Set<(event: string) => void>>} */
  const listeners = new Map()

  return {
    /**
     * @param {string} id of a session
     * @param {(event: string) => void} listener
     * @returns {() => void} stops; may be called twice
     */
    on(id, listener) {
      const ofSession = listeners.get(id) ?? new Set()
      listeners.set(id, ofSession.add(listener))
      return () => {
        ofSession.delete(listener)
        if (ofSession.size === 0 && listeners.get(id) === ofSession) listeners.delete(id)
      }
    },
    /**
     * @param {readonly string[]} ids
     * @param {string} event
     */
    send(ids, event) {
      for (const id of ids) for (const listener of [...(listeners.get(id) ?? [])]) listener(event)
    },
  }
}
