/** The texts of the page. */

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })

/** @param {number} at */
export const timeOfDay = (at) => clock.format(at)

/** @param {number} milliseconds @returns {number} the seconds to show: 1 until it is really over */
export const secondsLeft = (milliseconds) => Math.max(0, Math.ceil(milliseconds / 1000))

/** @param {number} seconds @returns {string} 0:07, 14:59, 11:59:59 */
export function countdown(seconds) {
  const two = (number) => String(number).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** The reason for an end, as the user reads it. */
export const REASONS = {
  signOut: 'You signed out.',
  idle: 'Nobody was active in any tab, so the session ended.',
  absolute: 'The longest time that a session may last was over.',
  rejected: 'The server refused to go on with this session.',
  wiped: 'The browser’s storage was cleared, and the session with it.',
  replaced: 'A newer sign-in took its place.',
}

/** @param {'here' | 'elsewhere'} where */
export const inTab = (where) => (where === 'here' ? 'in this tab' : 'in another tab')
