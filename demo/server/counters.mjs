const zero = () => ({ tokenCalls: 0, signIns: 0, refreshes: 0, refused: 0, reuse: 0, revocations: 0 })

/** So many sign-ins are remembered one by one; a demo that runs for weeks should not grow. */
const REMEMBERED = 50

/**
 * The server's own count of what it was asked: the proof that all tabs together refresh once.
 *
 * @returns counts since the start, and for each sign-in by its label
 */
export function createCounters() {
  const total = zero()
  /** @type {Map<string, ReturnType<typeof zero>>} */
  const bySignIn = new Map()

  return {
    /**
     * @param {keyof ReturnType<typeof zero>} what
     * @param {string} [signIn] the label of the sign-in, where the request told which
     */
    count(what, signIn) {
      total[what] += 1
      if (!signIn) return
      const counts = bySignIn.get(signIn) ?? zero()
      counts[what] += 1
      bySignIn.set(signIn, counts)
      if (bySignIn.size > REMEMBERED) bySignIn.delete(bySignIn.keys().next().value)
    },
    read() {
      return { total: { ...total }, bySignIn: structuredClone(Object.fromEntries(bySignIn)) }
    },
  }
}
