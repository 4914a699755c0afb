import { showSegments } from './segments.js'

const FAULTS = {
  none: { label: 'Works', note: 'The server works.' },
  slow: { label: 'Slow', note: 'Each answer takes 3 s. Both tabs ask, and one request goes out.' },
  hang: { label: 'No answer', note: 'No answer comes. The session stops waiting after 10 s, and goes on.' },
  unavailable: { label: '503', note: 'Out of service. The session goes on, and tries again with growing pauses.' },
  limited: { label: '429', note: 'Too many requests, “Retry-After: 5”. The session goes on, and no tab asks before.' },
  lost: {
    label: 'Answer lost',
    note: 'Once: the network loses the answer with the new tokens. This server is strict: it refuses the old token and ends the session.',
  },
  ended: { label: 'Session ended', note: 'Once: an administrator has ended the session. The next request is refused.' },
}

const SETTLE_MS = 700

/**
 * Switches for faults of the session's server, for all tabs at once.
 *
 * @param {ReturnType<typeof import('./server-counts.js').showServerCounts>} counts
 * @param {() => void} use makes both tabs use the server
 */
export function showFaults(counts, use) {
  const note = document.getElementById('fault-note')
  let timer = 0

  let choosing = 0

  const choose = async (fault) => {
    choosing += 1
    await fetch('/demo/faults', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ fault }),
    }).catch(() => {})
    choosing -= 1
    // A keyboard passes the faults on its way to another.
    clearTimeout(timer)
    timer = setTimeout(use, SETTLE_MS)
    await counts.poll()
  }

  const show = showSegments(document.getElementById('faults'), FAULTS, choose)

  // The server decides, because another desk may have moved the switch; but not while our own request is under way.
  counts.onFault((fault) => {
    if (choosing) return
    show(fault)
    note.textContent = FAULTS[fault]?.note ?? ''
  })
}
