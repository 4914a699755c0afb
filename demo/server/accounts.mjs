import { createHash } from 'node:crypto'

const LONGEST_NAME = 40

/** Accounts: any name may sign in, and the same name is the same account. */
export function createAccounts() {
  /** @type {Map<string, string>} */
  const names = new Map()
  const tidy = (typed) => typed.trim().replace(/\s+/g, ' ').slice(0, LONGEST_NAME)
  const subOf = (name) => createHash('sha256').update(name.toLowerCase()).digest('base64url').slice(0, 16)

  return {
    /**
     * @param {string} typed
     * @returns {string | null} the account's id, or null if it is no name
     */
    signUp(typed) {
      const name = tidy(typed)
      if (!name) return null
      const sub = subOf(name)
      names.set(sub, name)
      return sub
    },
    /** The id of the account, whether anybody has signed in to it or not. @param {string} typed */
    subOf: (typed) => subOf(tidy(typed)),
    /** @param {string} sub */
    nameOf: (sub) => names.get(sub),
  }
}
