import { onMachine } from './machine.js'
import { secondsLeft } from './words.js'

/**
 * Calls `show` whenever what is shown may have changed: when the session says so, and at each full second while it counts down.
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
    // In the background nobody looks.
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
