import { readWho } from './who.js'

const EVERY_MS = 1000

const ROWS = {
  tokenCalls: 'Token requests',
  refreshes: 'Refreshes',
  refused: 'Refused',
  reuse: 'Reuse detected',
  revocations: 'Revocations',
}

/** Counts that the server cannot assign to a sign-in, because it did not read the request. */
const ONLY_IN_TOTAL = new Set(['tokenCalls'])

/** @param {string} label */
function createRow(label) {
  const row = document.createElement('tr')
  const head = document.createElement('th')
  head.scope = 'row'
  head.textContent = label
  const cells = [document.createElement('td'), document.createElement('td')]
  row.append(head, ...cells)
  return { row, cells }
}

/**
 * The server's own counts, fetched every second while the page is visible. An event stream would occupy one of the six connections
 * that a browser grants to all tabs of an origin.
 *
 * @returns {{ onFault(listener: (fault: string) => void): void, poll(): Promise<void> }}
 */
export function showServerCounts() {
  const rows = Object.entries(ROWS).map(([key, label]) => ({ key, ...createRow(label) }))
  document.getElementById('counts').append(...rows.map(({ row }) => row))

  let tellFault = () => {}
  /** The last sign-in. It stays after the sign-out, so that the revocation can be seen. */
  let lastSignIn
  let timer = 0
  let polls = 0

  const show = ({ fault, total, bySignIn }) => {
    lastSignIn = readWho()?.signIn ?? lastSignIn
    const own = bySignIn[lastSignIn] ?? null
    for (const { key, cells } of rows) {
      cells[0].textContent = own && !ONLY_IN_TOTAL.has(key) ? String(own[key]) : '–'
      cells[1].textContent = String(total[key])
    }
    tellFault(fault)
  }

  const poll = async () => {
    clearTimeout(timer)
    const number = ++polls
    const counts = await fetch('/demo/counters').then(
      (response) => response.json(),
      () => null,
    )
    // A response that a later request has overtaken is out of date.
    if (number !== polls) return
    document.documentElement.classList.toggle('server-gone', counts === null)
    if (counts) show(counts)
    if (!document.hidden) timer = setTimeout(poll, EVERY_MS)
  }

  document.addEventListener('visibilitychange', () => document.hidden || poll())
  addEventListener('pageshow', poll)

  return {
    onFault(listener) {
      tellFault = listener
    },
    poll,
  }
}
