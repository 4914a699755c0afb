import { readWho } from './who.js'

const EVERY_MS = 2000

const ROWS = {
  tokenCalls: 'Token requests',
  refreshes: 'Refreshes',
  refused: 'Refused',
  reuse: 'Reuse detected',
  revocations: 'Revocations',
}

/** What the server cannot tell apart by sign-in: a request that it never looked into. */
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
 * The server's own count, asked every two seconds while somebody looks. Not by an event stream: each open one takes one of the
 * six connections that a browser grants to all tabs of an origin.
 *
 * @param {import('sojourn').Session} session
 * @returns {{ onFault(listener: (fault: string) => void): void, poll(): Promise<void> }}
 */
export function showServerCounts(session) {
  const body = document.getElementById('counts')
  const generation = document.getElementById('generation')
  const rows = Object.entries(ROWS).map(([key, label]) => ({ key, ...createRow(label) }))
  body.append(...rows.map(({ row }) => row))

  let tellFault = () => {}
  let timer = 0

  const show = ({ fault, total, bySignIn }) => {
    const own = bySignIn[readWho()?.signIn] ?? null
    for (const { key, cells } of rows) {
      cells[0].textContent = own && !ONLY_IN_TOTAL.has(key) ? String(own[key]) : '–'
      cells[1].textContent = String(total[key])
    }
    tellFault(fault)
  }

  const poll = async () => {
    clearTimeout(timer)
    timer = 0
    try {
      const response = await fetch('/demo/counters')
      if (response.ok) show(await response.json())
      document.documentElement.classList.remove('server-gone')
    } catch {
      document.documentElement.classList.add('server-gone')
    }
    // A call of `poll` meanwhile may have set one.
    clearTimeout(timer)
    if (!document.hidden) timer = setTimeout(poll, EVERY_MS)
  }

  const showGeneration = (value) => {
    generation.textContent = value ? String(value) : '–'
  }
  session.inspect(({ record }) => showGeneration(record?.generation))
  for (const kind of ['signedIn', 'refreshed', 'refreshFailed', 'signedOut']) session.on(kind, poll)
  session.on('refreshed', (event) => showGeneration(event.generation))
  document.addEventListener('visibilitychange', () => document.hidden || poll())
  addEventListener('pageshow', poll)

  return {
    onFault(listener) {
      tellFault = listener
    },
    poll,
  }
}
