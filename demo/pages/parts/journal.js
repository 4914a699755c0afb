import { journal } from 'sojourn/journal'

import { countdown } from '../words.js'

const $ = (id) => document.getElementById(id)

/** So many entries are shown, the newest first. All are copied. */
const ROWS = 8

const NEWS = ['warning', 'extended', 'refreshed', 'refreshFailed', 'degraded', 'signedIn', 'switched', 'signedOut']

const plural = (count) => (count === 1 ? '1 entry' : `${count} entries`)

/**
 * The journal: what happened to the session in this tab, without personal data.
 *
 * @param {import('sojourn').Session} session
 */
export function showJournal(session) {
  const { entries } = journal(session)
  let timer = 0

  const rowOf = ({ at, what, why, took, session: name }) => {
    const row = document.createElement('tr')
    const more = why ?? (took === undefined ? '' : `${took} ms`)
    const cells = [countdown(at), what, more, name.slice(0, 4)].map((text) => {
      const cell = document.createElement('td')
      cell.textContent = text
      return cell
    })
    row.append(...cells)
    return row
  }
  const show = () => {
    const all = entries()
    $('journal-state').textContent = plural(all.length)
    $('journal-rows').replaceChildren(...all.slice(-ROWS).reverse().map(rowOf))
    $('journal-table').hidden = all.length === 0
    $('journal-copy').disabled = all.length === 0
  }
  // The journal hears of an event after this listener does.
  const showSoon = () => {
    clearTimeout(timer)
    timer = setTimeout(show)
  }

  $('journal-copy').addEventListener('click', async () => {
    const all = entries()
    const text = JSON.stringify(all, null, 2)
    const box = $('journal-text')
    $('journal-status').textContent = ''
    try {
      await navigator.clipboard.writeText(text)
      box.hidden = true
      $('journal-status').textContent = `${plural(all.length)} copied, as JSON.`
    } catch {
      box.hidden = false
      box.value = text
      box.select()
      $('journal-status').textContent =
        'The browser does not let this page copy. The text is selected: copy it yourself.'
    }
  })
  for (const type of NEWS) session.on(type, showSoon)
  session.inspect(showSoon)
  show()
}
