const KEY = 'demo:who'

/**
 * Who is signed in, for all tabs to show. That is the application's own data and no secret of the session's, which knows no
 * names; so the application also takes it away at the end.
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
