import { showSegments } from './segments.js'

const FAULTS = {
  none: { label: 'Works', note: 'The server works.' },
  slow: { label: 'Slow', note: 'Each answer takes 3 s.' },
  hang: { label: 'Hangs', note: 'Nobody answers. The session gives up on it after 10 s, and stays.' },
  unavailable: { label: '503', note: 'Out of service: the session stays, and tries again with growing pauses.' },
  limited: { label: '429', note: 'Too many requests, Retry-After 5 s: no tab asks before.' },
  lost: {
    label: 'Lost',
    note: 'Once: the server rotates, and its reply gets lost. This server grants no grace, so the old token is reuse to it.',
  },
  ended: { label: 'Ends it', note: 'Once: an administrator has ended the session. Whoever asks next hears of it.' },
}

/**
 * Switches for faults of the session's server, for all tabs at once.
 *
 * @param {ReturnType<typeof import('./server-counts.js').showServerCounts>} counts
 */
export function showFaults(counts) {
  const note = document.getElementById('fault-note')

  let choosing = 0

  const choose = async (fault) => {
    choosing += 1
    await fetch('/demo/faults', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ fault }),
    }).catch(() => {})
    choosing -= 1
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
