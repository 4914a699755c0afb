const KEY = 'demo:who'

/**
 * The user's name, for all tabs to show. It is data of the application, because a session knows no names; so the application also
 * removes it when the session ends.
 *
 * @returns {{ name: string, signIn: string } | null}
 */
export function readWho() {
  try {
    return JSON.parse(localStorage.getItem(KEY))
  } catch {
    return null
  }
}

/** @param {{ name: string, signIn: string } | null} who */
export function writeWho(who) {
  if (who) localStorage.setItem(KEY, JSON.stringify(who))
  else localStorage.removeItem(KEY)
}
