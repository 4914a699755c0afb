import { eachSecond } from './tick.js'
import { countdown, roughly, secondsLeft } from './words.js'

const $ = (id) => document.getElementById(id)

/**
 * Asks whether somebody is still there, in every tab, and goes away in every tab with the first answer.
 *
 * A native modal dialog brings the focus to "Stay signed in" and back to where it was. Escape means "stay" as well
 * (WCAG 2.2.1: a simple action). The seconds are for the eye; a screen reader is told at coarse steps.
 *
 * @param {import('sojourn').Session} session
 */
export function showWarning(session) {
  const dialog = $('warning')
  /** The end that a person has seen and cannot prolong: it is not shown twice. */
  let seenEndAt = 0

  const open = ({ canExtend, endsBy }) => {
    const limit = endsBy === 'absolute' ? 'This session has reached its longest time.' : 'The server ends this session.'
    $('warning-title').textContent = canExtend ? 'Are you still there?' : 'The session is about to end'
    $('warning-message').textContent = canExtend
      ? 'Nobody was active for a while. When the time is up, you are signed out in all tabs.'
      : `${limit} Please save what you are doing, and sign in again.`
    $('warning-stay').textContent = canExtend ? 'Stay signed in' : 'I have seen it'
    $('warning-problem').textContent = ''
    dialog.showModal()
  }

  const show = () => {
    const snapshot = session.getSnapshot()
    if (snapshot.phase !== 'warning' || snapshot.endAt === seenEndAt) {
      dialog.close()
      return
    }
    const seconds = secondsLeft(snapshot.endAt - Date.now())
    const spoken = `${roughly(seconds)} left`
    if ($('warning-live').textContent !== spoken) $('warning-live').textContent = spoken
    $('warning-time').textContent = countdown(seconds)
    if (!dialog.open) open(snapshot)
  }

  const stay = async () => {
    const snapshot = session.getSnapshot()
    if (snapshot.phase !== 'warning') return
    if (!snapshot.canExtend) {
      seenEndAt = snapshot.endAt
      show()
    } else if (!(await session.extend())) {
      show()
      $('warning-problem').textContent = 'That did not work. Please try again.'
    }
  }

  $('warning-stay').addEventListener('click', stay)
  $('warning-sign-out').addEventListener('click', () => session.signOut())
  // Escape closes a native dialog by itself, and a second one cannot be prevented; so it is heard here.
  dialog.addEventListener('close', stay)
  eachSecond(session, show)
}
