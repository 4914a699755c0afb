import { inTab, timeOfDay } from './words.js'

const LONGEST = 200

/** One line for each kind of event. */
const TELL = {
  signedIn: ({ where }) => inTab(where),
  warning: ({ endAt, canExtend }) => `ends at ${timeOfDay(endAt)}${canExtend ? '' : ', and cannot be prolonged'}`,
  extended: ({ by, where }) => `by ${by}, ${inTab(where)}`,
  signedOut: ({ reason, where }) => `${reason}, ${inTab(where)}`,
  switched: () => 'another sign-in replaced the session',
  refreshed: ({ generation }) => `generation ${generation}`,
  refreshFailed: ({ error, retryAt }) =>
    `${error.code}${retryAt === null ? '' : `, not again before ${timeOfDay(retryAt)}`}`,
  degraded: ({ feature, consequence }) => `${feature}: ${consequence}`,
}

const span = (className, text) => {
  const element = document.createElement('span')
  element.className = className
  element.textContent = text
  return element
}

/**
 * What happened in this tab, newest first. A step that repeats the one before it is counted and not listed again.
 *
 * @param {import('sojourn').Session} session
 * @returns {(kind: string, text: string) => void} writes a line of the page's own
 */
export function showTimeline(session) {
  const list = document.getElementById('timeline')
  const toggle = document.getElementById('show-steps')

  const write = (kind, text, at = Date.now()) => {
    const newest = list.firstElementChild
    if (newest?.dataset.kind === kind && newest.dataset.text === text) {
      newest.dataset.times = String(Number(newest.dataset.times) + 1)
      newest.querySelector('.times').textContent = `×${newest.dataset.times}`
      newest.querySelector('.when').textContent = timeOfDay(at)
      return
    }
    const item = document.createElement('li')
    Object.assign(item.dataset, { kind, text, times: '1' })
    item.append(span('when', timeOfDay(at)), span('kind', kind), span('what', text), span('times', ''))
    list.prepend(item)
    while (list.children.length > LONGEST) list.lastElementChild.remove()
  }

  for (const [kind, tell] of Object.entries(TELL)) session.on(kind, (event) => write(kind, tell(event)))
  session.inspect(({ cause, before, after }) => {
    const phases = before.phase === after.phase ? '' : `: ${before.phase} → ${after.phase}`
    write('step', cause + phases)
  })

  const showSteps = () => list.classList.toggle('with-steps', toggle.checked)
  toggle.addEventListener('change', showSteps)
  showSteps()

  return write
}
