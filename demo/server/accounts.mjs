import { createHash } from 'node:crypto'

const LONGEST_NAME = 40

/** Who may sign in: anybody, by any name. The same name is the same account. */
export function createAccounts() {
  /** @type {Map<string, string>} */
  const names = new Map()

  return {
    /**
     * @param {string} typed
     * @returns {string | null} the account's id, or null for what is no name
     */
    signUp(typed) {
      const name = typed.trim().replace(/\s+/g, ' ').slice(0, LONGEST_NAME)
      if (!name) return null
      const sub = createHash('sha256').update(name.toLowerCase()).digest('base64url').slice(0, 16)
      names.set(sub, name)
      return sub
    },
    /** @param {string} sub */
    nameOf: (sub) => names.get(sub),
  }
}
