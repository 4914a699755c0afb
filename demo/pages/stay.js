import { eachSecond } from './tick.js'
import { timeouts } from './timeouts.js'
import { readWho } from './who.js'
import { countdown, inTab, REASONS, secondsLeft } from './words.js'

const $ = (id) => document.getElementById(id)

const NAMES = { loading: 'Loading', signedOut: 'Signed out', active: 'Active', warning: 'About to end' }

/** The reasons that are limits of time. */
const TIMED = ['idle', 'absolute']

const LIMITS = {
  idle: 'Activity in any tab starts the time anew.',
  warned: 'Moving the mouse does not count any more: somebody has to answer.',
  absolute: 'This is the longest that the session may last; nothing prolongs it.',
  server: 'The server ends it then.',
}

/**
 * Shows the phase and the time that is left.
 *
 * @param {import('sojourn').Session} session
 * @returns {{ busy(on: boolean): void }} `busy` while a sign-in is being finished
 */
export function showStay(session) {
  let finishing = false
  let endedWhere = null
  let shown = ''

  const setText = (id, text) => {
    // Written only if it has changed, so that screen readers announce a status once.
    if ($(id).textContent !== text) $(id).textContent = text
  }

  const showSignedIn = (snapshot) => {
    const { warnAt, endAt, endsBy } = session.deadlines() ?? { warnAt: Infinity, endAt: Infinity, endsBy: null }
    const now = Date.now()
    const whole = endsBy === 'absolute' ? timeouts.absoluteTimeout : timeouts.idleTimeout
    const share = (milliseconds) => String(Math.min(1, Math.max(0, milliseconds / whole)))
    const dial = document.querySelector('.dial').style
    const name = readWho()?.name
    setText('headline', name ? `${name}’s session` : 'A session')
    setText('time', countdown(secondsLeft(endAt - now)))
    setText('time-label', snapshot.phase === 'warning' ? 'left' : `warns in ${countdown(secondsLeft(warnAt - now))}`)
    const limit = LIMITS[snapshot.phase === 'warning' && snapshot.canExtend ? 'warned' : endsBy] ?? ''
    setText('explanation', `Signed in, in all tabs. ${limit}`)
    dial.setProperty('--left', share(endAt - now))
    dial.setProperty('--warn', share(endAt - Math.max(warnAt, now)))
  }

  // No time of day: the machine's clock may have been set back since the sign-in. And no tab where the time ended the session: each
  // knows that by itself.
  const showSignedOut = ({ reason }) => {
    setText('headline', reason ? 'The session is over' : 'Nobody is signed in')
    setText('time', '–')
    setText('time-label', '')
    setText(
      'explanation',
      reason
        ? `${REASONS[reason]}${endedWhere && !TIMED.includes(reason) ? ` It happened ${inTab(endedWhere)}.` : ''}`
        : 'Sign in, and every other tab is signed in too.',
    )
  }

  const show = () => {
    const snapshot = session.getSnapshot()
    const signedIn = snapshot.phase === 'active' || snapshot.phase === 'warning'
    document.documentElement.dataset.phase = snapshot.phase
    for (const part of document.querySelectorAll('[data-for]')) {
      part.hidden = finishing || part.dataset.for !== (signedIn ? 'signedIn' : snapshot.phase)
    }
    setText('phase', finishing ? 'Signing in' : NAMES[snapshot.phase])
    if (signedIn) showSignedIn(snapshot)
    else if (snapshot.phase === 'signedOut') showSignedOut(snapshot)
    // During a warning in the background, the title belongs to the countdown of the dialog.
    const title = `${NAMES[snapshot.phase]} · Sojourn`
    if (shown !== title) document.title = title
    shown = title
  }

  session.on('signedOut', ({ where }) => {
    endedWhere = where
    show()
  })
  eachSecond(session, show)

  return {
    busy(on) {
      finishing = on
      show()
    },
  }
}
