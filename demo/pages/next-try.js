import { onMachine } from './machine.js'
import { secondsLeft } from './words.js'

/** The clock of the session is its own, and may be a little behind: a try before its time is refused. */
const MARGIN_MS = 50

/**
 * Counts down to the next try after a failure, by the clock of the page.
 *
 * @param {HTMLElement} place shows the seconds, and nothing where no try is to come
 * @param {() => void} begin called when the time has come
 * @returns {{ set(at: number): void, clear(): void, wait(): number }}
 */
export function createNextTry(place, begin) {
  let at = 0
  /** The same on a clock that nobody can set: a clock that is set back makes no wait longer. */
  let monotonicAt = 0
  let timer = 0

  const wait = () => Math.max(0, Math.min(at - Date.now(), monotonicAt - performance.now()))

  const show = (text) => {
    if (place.textContent !== text) place.textContent = text
  }
  const clear = () => {
    clearTimeout(timer)
    at = 0
    show('')
  }
  const draw = () => {
    clearTimeout(timer)
    if (!at) return
    const left = wait()
    if (left > 0) {
      const seconds = secondsLeft(left)
      show(`Next try in ${seconds} s.`)
      timer = setTimeout(draw, left - (seconds - 1) * 1000)
    } else {
      clear()
      begin()
    }
  }
  onMachine(draw)

  return {
    set(next) {
      // The event knows the time of all tabs, which are spread; the error may know the server's only, which is earlier.
      at = Math.max(at, next + MARGIN_MS)
      monotonicAt = performance.now() + at - Date.now()
      draw()
    },
    clear,
    wait,
  }
}
