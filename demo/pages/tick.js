import { onMachine } from './machine.js'
import { secondsLeft } from './words.js'

/**
 * Calls `show` after each change of the session, and at each full second while it counts down.
 *
 * Only a page that draws a clock needs this. The session itself has one timer, for its next transition.
 *
 * @param {import('sojourn').Session} session
 * @param {() => void} show
 */
export function eachSecond(session, show) {
  let timer = 0

  const draw = () => {
    clearTimeout(timer)
    show()
    const end = session.deadlines()?.endAt ?? Infinity
    // A hidden page needs no update.
    if (end === Infinity || document.hidden) return
    const left = end - Date.now()
    timer = setTimeout(draw, Math.max(50, left - (secondsLeft(left) - 1) * 1000))
  }

  session.subscribe(draw)
  document.addEventListener('visibilitychange', draw)
  addEventListener('pageshow', draw)
  onMachine(draw)
  draw()
}
