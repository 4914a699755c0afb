/** A tab with nothing but the browser's own ports, as the library uses them. */
import { browserPorts } from '../../../src/ports/browser.js'
import { browserLocks } from '../../../src/ports/web-locks.js'
import { createSeat, type Seat } from '../../contract/seat.js'

declare global {
  interface Window {
    seat: Seat
    /** Whether the page came back from the back/forward cache; null before `pageshow`. */
    isKept: boolean | null
  }
}

window.seat = createSeat({ ...browserPorts(), withLock: browserLocks })
window.isKept = null
addEventListener('pageshow', ({ persisted }) => {
  window.isKept = persisted
})
addEventListener('pagehide', () => {
  window.isKept = null
})
