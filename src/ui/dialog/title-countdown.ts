import type { Session } from '../../types.js'
import { remainingSeconds } from '../../countdown.js'
import { sessionTime } from '../../util/session-time.js'

/** The title that the page has set, and the countdown in its place: one for the countdowns of all sessions, which write over each other. */
let pageTitle = ''
let shown: string | null = null

/** Shows a countdown in the document's title during a warning while the page is hidden: `1:20 · …`. Returns the undo. */
export function countInTitle(session: Session, text: string): () => void {
  let cancelTimer: (() => void) | undefined
  let isStopped = false
  let before: number | null = null

  const show = (): void => {
    cancelTimer?.()
    const seconds = !isStopped && document.hidden && remainingSeconds(session)
    const { title } = document
    const isShown = shown !== null && title.includes(shown)
    // The page may have set another title since, or added to the countdown, such as a number of unread messages.
    pageTitle = isShown ? title.replace(String(shown), () => pageTitle) : title
    if (!seconds) {
      if (isShown) document.title = pageTitle
      return
    }
    document.title = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} · ${text}`
    // Read back, because the document collapses spaces.
    shown = document.title
    // Browsers fire timers of hidden pages once a second. Chromium fires chained timers once a minute, unless the page changes its
    // title.
    before = seconds
    cancelTimer = sessionTime(session).after(900, ring)
  }
  const ring = (): void => {
    const now = remainingSeconds(session)
    // As in src/countdown.ts: the machine slept, or the clock was set back.
    if (!now || now > Number(before)) session.check()
    show()
  }
  // A session takes a step each time its page is hidden or shown.
  const stop = session.inspect(show)
  show()
  return () => {
    stop()
    isStopped = true
    show()
  }
}
