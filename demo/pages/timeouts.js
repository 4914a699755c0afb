const KEY = 'demo:timeouts'

/** What a person may choose; short first, so that there is something to see within a minute. */
const CHOICES = {
  short: {
    label: '1 min',
    note: 'Ends after 60 s without activity, warns 20 s before.',
    options: { idleTimeout: 60_000, warnBefore: 20_000 },
  },
  medium: {
    label: '5 min',
    note: 'Ends after 5 minutes without activity, warns 1 minute before.',
    options: { idleTimeout: 300_000, warnBefore: 60_000 },
  },
  standard: {
    label: '15 min',
    note: 'The library’s defaults: 15 minutes, a warning 2 minutes before, and 12 hours in all.',
    options: { idleTimeout: 900_000, warnBefore: 120_000 },
  },
  strict: {
    label: '3 min in all',
    note: 'As the first, and over 3 minutes after sign-in, whatever you do. That warning cannot be answered.',
    options: { idleTimeout: 60_000, warnBefore: 20_000, absoluteTimeout: 180_000 },
  },
}

/** The choice in the address counts, then the one of the last time; it moves from there to storage, for all tabs. */
function choose() {
  const address = new URL(location.href)
  const wanted = address.searchParams.get('timeouts')
  if (wanted !== null) {
    if (Object.hasOwn(CHOICES, wanted)) localStorage.setItem(KEY, wanted)
    address.searchParams.delete('timeouts')
    history.replaceState(null, '', address)
  }
  const stored = localStorage.getItem(KEY)
  return stored !== null && Object.hasOwn(CHOICES, stored) ? stored : 'short'
}

const chosen = choose()

/** The session's options as chosen, in milliseconds. */
export const timeouts = CHOICES[chosen].options

/** Shows the choice. Options belong to `createSession`, so another choice loads the page anew, in all tabs. */
export function showTimeouts() {
  const links = Object.entries(CHOICES).map(([name, { label }]) => {
    const link = document.createElement('a')
    link.href = `?timeouts=${name}`
    link.textContent = label
    if (name === chosen) link.setAttribute('aria-current', 'true')
    return link
  })
  document.getElementById('timeouts').append(...links)
  document.getElementById('timeouts-note').textContent = CHOICES[chosen].note

  addEventListener('storage', (event) => {
    if (event.key === KEY && event.newValue !== chosen) location.reload()
  })
}
