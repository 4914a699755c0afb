/** The choices of the desk. They apply to all tabs. */
const CHOICES = {
  server: {
    first: 'tokens',
    options: {
      tokens: {
        label: 'Tokens',
        note: 'The page is an OAuth client: its tokens are in IndexedDB, and the refresh token rotates.',
      },
      dpop: {
        label: 'Bound tokens',
        note: 'OAuth as well, with tokens bound to a key that no script can read (DPoP). Both servers require nonces.',
      },
      mixed: {
        label: 'Token in memory',
        note: 'A backend holds the refresh token in an HttpOnly cookie; each tab has an access token in memory.',
      },
      cookie: {
        label: 'Cookie only',
        note: 'A backend for frontend: no token reaches the page. The server ends a session after 90 s without activity.',
      },
    },
  },
  // The shortest first, so that a warning can be seen within a minute.
  timeouts: {
    first: 'short',
    options: {
      short: { label: '1 min', note: 'Ends after 60 s without activity, warns 20 s before.' },
      medium: { label: '5 min', note: 'Ends after 5 minutes without activity, warns 1 minute before.' },
      standard: {
        label: '15 min',
        note: 'The library’s defaults: 15 minutes, a warning 2 minutes before, and 12 hours in all.',
      },
      strict: {
        label: '3 min in all',
        note: 'As with 1 min, and 3 minutes after the sign-in in any case: nothing prolongs it then.',
      },
    },
  },
}

/** @typedef {keyof typeof CHOICES} Kind */

const keyOf = (kind) => `demo:${kind}`

/** @param {Kind} kind */
export const optionsOf = (kind) => CHOICES[kind].options

/** @param {Kind} kind @returns {string} the name of the chosen option */
export function chosen(kind) {
  const stored = localStorage.getItem(keyOf(kind))
  return stored !== null && Object.hasOwn(optionsOf(kind), stored) ? stored : CHOICES[kind].first
}

/** @param {Kind} kind @param {string} name */
export function choose(kind, name) {
  if (Object.hasOwn(optionsOf(kind), name)) localStorage.setItem(keyOf(kind), name)
}

/** A choice in the address (`?server=dpop`) moves from there to storage, for all tabs. */
export function takeChoices() {
  const address = new URL(location.href)
  for (const kind of Object.keys(CHOICES)) {
    choose(kind, address.searchParams.get(kind) ?? '')
    address.searchParams.delete(kind)
  }
  history.replaceState(null, '', address)
}

/** @param {() => void} listener called when another tab has chosen another option */
export function onChoice(listener) {
  addEventListener('storage', ({ key, newValue, oldValue }) => {
    if (Object.keys(CHOICES).some((kind) => keyOf(kind) === key) && newValue !== oldValue) listener()
  })
}
