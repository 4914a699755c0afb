/** A tab with nothing but the browser's own ports, as the library uses them. */
import { browserPorts } from '../../../src/ports/browser.js'
import { createSeat, type Seat } from '../../contract/seat.js'

declare global {
  interface Window {
    seat: Seat
    /** How often this page came back from the back/forward cache. */
    returned: number
  }
}

window.seat = createSeat(browserPorts())
window.returned = 0
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) window.returned++
})
