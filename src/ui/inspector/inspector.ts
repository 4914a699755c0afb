import type { Journal } from '../../journal.js'
import type { Session } from '../../types.js'
import { createLog, timeOf, type Fields, type Line } from './inspector-log.js'
import { inspectorStyle } from './inspector-style.js'
import { checkOptions, checkSession } from '../../util/arguments.js'
import { DEVELOPMENT } from '../../util/development.js'
import { applyStyle } from '../shadow-style.js'
import { sessionTime } from '../../util/session-time.js'

export interface InspectorOptions {
  /** The parent of the panel. @default the body, where the panel floats in a lower corner */
  container?: HTMLElement
  /** Your own buttons, by their labels. `playgroundActions` of `sojourn/testing` returns some that try a session out. */
  actions?: Readonly<Record<string, () => unknown>>
  /** A journal of `sojourn/journal`: its entries are shown as they are sent. */
  journal?: Pick<Journal, 'entries'>
}

/** The number of lines that are kept. */
const MAX_LINES = 200

/** A length of time as `1:02:03`. */
const formatLength = (ms: number): string => `${Math.floor(ms / 36e5)}${new Date(ms).toISOString().slice(13, 19)}`

/** Adds an element with properties. */
function addElement<Tag extends keyof HTMLElementTagNameMap>(
  parent: Node,
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
): HTMLElementTagNameMap[Tag] {
  return parent.appendChild(Object.assign(document.createElement(tag), properties))
}

/** A text that is shown when its title is pressed. */
function addFolded(parent: Node, textContent: string): HTMLElement {
  const details = addElement(parent, 'details', {})
  addElement(details, 'summary', { textContent })
  return addElement(details, 'pre', {})
}

/**
 * Shows what a session does, and why: its phase, a scale with its deadlines, its record, and each step with its cause and origin.
 * It is meant for development: it shows details that no user wants to see, but never a token. Returns the undo.
 *
 * It only listens, and sends no request. But input in the panel is input in the page, so it counts as activity.
 *
 * @example During development only
 * ```ts
 * if (location.hostname === 'localhost') {
 *   const { sessionInspector } = await import('sojourn/inspector')
 *   sessionInspector(session)
 * }
 * ```
 */
export function sessionInspector(session: Session, options: InspectorOptions = {}): () => void {
  if (DEVELOPMENT) {
    checkSession('sessionInspector', session)
    checkOptions('sessionInspector', options, { container: 'object', actions: 'object', journal: 'object' })
  }
  if (typeof document === 'undefined') return () => undefined
  const { container, actions, journal } = options
  const { now, after } = sessionTime(session)
  const host = document.createElement('div')
  host.className = `sojourn-inspector${container ? '' : ' floats'}`
  const root = host.attachShadow({ mode: 'open' })
  const panel = addElement(addElement(root, 'section', { ariaLabel: 'Session inspector' }), 'details', { open: true })
  const title = addElement(panel, 'summary', {})
  const scale = addElement(panel, 'div', { id: 'scale', ariaHidden: 'true' })
  const deadlines = addElement(panel, 'p', { id: 'deadlines' })
  const problems = addElement(panel, 'p', { id: 'problems' })
  const tools = addElement(panel, 'div', {})
  const record = addFolded(panel, 'Record')
  const entries = journal ? addFolded(panel, 'Journal') : document.createElement('pre')
  // Focusable, so that it can be scrolled by keyboard.
  const list = addElement(panel, 'ol', { ariaLabel: 'Timeline, the newest first', tabIndex: 0 })
  applyStyle(root, inspectorStyle)

  const lineOf = createLog()
  let fields: Fields = {}
  /** The newest line of the timeline, and how often it was repeated. */
  let last: Line | undefined
  let repeats = 0
  /** The lines that came while the timeline was paused. */
  let pausedLines: Line[] = []
  let isPaused = false
  let cancelTimer: (() => void) | undefined

  const button = (textContent: string, onclick: () => unknown): HTMLButtonElement =>
    addElement(tools, 'button', { textContent, onclick })
  /** Updates everything that changes with time. */
  const tick = (): void => {
    cancelTimer?.()
    cancelTimer = after(1e3, tick)
    if (isPaused) return
    const at = now()
    const due = session.deadlines()
    const localTime = (name: string): number => Number(fields[name]) - Number(fields['skew'])
    title.textContent = `Session: ${session.getSnapshot().phase}`
    const { warnAt = 0, endAt = 0 } = due ?? {}
    scale.replaceChildren()
    for (const length of [at - localTime('activeAt'), warnAt - at, endAt - Math.max(at, warnAt)])
      if (due && length < Infinity) addElement(scale, 'i', {}).style.flexGrow = String(Math.max(0, length))
    deadlines.textContent = Object.entries({
      Warning: warnAt,
      [`End (${String(due?.endsBy)})`]: endAt,
      'Tokens expire': localTime('tokenExpiresAt'),
    })
      .filter(([, instant]) => due && instant > at && instant < Infinity)
      .map(([name, instant]) => `${name}: ${timeOf(instant)}, in ${formatLength(instant - at + 999)}`)
      .join('\n')
    // As they are sent, the newest first.
    const sent = journal?.entries().map((entry) => JSON.stringify(entry)) ?? []
    entries.textContent = sent.reverse().join('\n')
  }
  const log = (line: Line): void => {
    if (isPaused) {
      pausedLines = [...pausedLines.slice(1 - MAX_LINES), line]
      return
    }
    const { at, where, text, cause } = line
    const isSame = last?.text === text && last.cause === cause
    last = line
    repeats = isSame ? repeats + 1 : 1
    if (isSame) list.firstChild?.remove()
    const item = addElement(list, 'li', {
      className: text && 'changed',
      textContent: `${timeOf(at)} ${where.padEnd(9)} ${text || 'nothing new'} (${cause}${isSame ? `, ${repeats} times` : ''})`,
    })
    list.prepend(item)
    list.children[MAX_LINES]?.remove()
    record.textContent = JSON.stringify(
      fields,
      (name, value: number) => (name.endsWith('At') && value % Infinity ? timeOf(value) : value),
      2,
    )
    tick()
  }

  const pause = button('Pause', () => {
    isPaused = !isPaused
    pause.ariaPressed = String(isPaused)
    for (const line of pausedLines.splice(0)) log(line)
  })
  pause.ariaPressed = 'false'
  button('Clear', () => {
    list.replaceChildren()
    last = undefined
  })
  button('Copy as text', async () => {
    const parts = [title, deadlines, problems, record, entries, ...[...list.children].reverse()]
    try {
      await navigator.clipboard.writeText(parts.map(({ textContent }) => textContent).join('\n'))
      status.textContent = 'Copied.'
    } catch {
      status.textContent = 'Refused. Select the text.'
    }
  })
  for (const [text, act] of Object.entries(actions ?? {})) button(text, act)
  const status = addElement(tools, 'span', { role: 'status' })

  const undos = [
    session.inspect((step) => {
      fields = (step.record ?? {}) as Fields
      log(lineOf(step))
    }),
    session.on('refreshFailed', ({ error, retryAt }) => {
      const text = `no new tokens${retryAt ? `, next try at ${timeOf(retryAt)}` : ''}`
      log({ at: now(), where: 'server', cause: error.code, text })
    }),
    session.on('degraded', ({ feature, consequence }) => {
      problems.textContent += `${feature}: ${consequence}\n`
    }),
  ]
  const place = container ?? document.body
  place.append(host)
  session.check()
  return () => {
    for (const undo of undos) undo()
    cancelTimer?.()
    host.remove()
  }
}
