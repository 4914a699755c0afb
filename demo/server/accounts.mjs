import { createHash } from 'node:crypto'

const LONGEST_NAME = 40

/** Accounts: any name may sign in, and the same name is the same account. */
export function createAccounts() {
  /** @type {Map<string, string>} */
  const names = new Map()

  return {
    /**
     * @param {string} typed
     * @returns {string | null} the account's id, or null if it is no name
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
