const FAULTS = {
  none: ['Works', 'The token endpoint works.'],
  slow: ['Slow', 'Each answer takes 3 s.'],
  hang: ['Hangs', 'Nobody answers. The session gives up on it after 10 s, and stays.'],
  unavailable: ['503', 'Out of service: the session stays, and tries again with growing pauses.'],
  limited: ['429', 'Too many requests, Retry-After 5 s: no tab asks before.'],
  lost: [
    'Reply lost',
    'Once: the server rotates, and its reply gets lost. This server grants no grace, so the old token is reuse to it.',
  ],
}

/**
 * Switches for what is wrong with the token endpoint, for all tabs at once.
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

  const switches = Object.entries(FAULTS).map(([fault, [name]]) => {
    const label = document.createElement('label')
    const input = document.createElement('input')
    Object.assign(input, { type: 'radio', name: 'fault', value: fault })
    input.addEventListener('change', () => choose(fault))
    const text = document.createElement('span')
    text.textContent = name
    label.append(input, text)
    return { label, input }
  })
  document.getElementById('faults').append(...switches.map(({ label }) => label))

  // The server's word counts, whichever tab has moved the switch; but not while it has yet to hear of ours.
  counts.onFault((fault) => {
    if (choosing) return
    for (const { input } of switches) input.checked = input.value === fault
    note.textContent = FAULTS[fault]?.[1] ?? ''
  })
}
