import type { Session } from '../../types.js'
import { remainingSeconds } from '../../countdown.js'
import { sessionTime } from '../../util/session-time.js'

/** Counts down in the document's title while the session is about to end and the page is hidden: `1:20 · …`. Returns the undo. */
export function countInTitle(session: Session, text: string): () => void {
  let cancelTimer: (() => void) | undefined
  let pageTitle = ''
  let shown: string | null = null
  let isStopped = false

  const show = (): void => {
    cancelTimer?.()
    const seconds = !isStopped && document.hidden && remainingSeconds(session)
    const { title } = document
    const isShown = shown !== null && title.includes(shown)
    // The page may have set another title meanwhile, or put something around this one: a count of what is unread.
    pageTitle = isShown ? title.replace(String(shown), () => pageTitle) : title
    if (!seconds) {
      if (isShown) document.title = pageTitle
      return
    }
    document.title = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} · ${text}`
    // As the document says it: without the spaces that are too many.
    shown = document.title
    // Browsers let timers of hidden pages ring once a second. Chromium lets a chain of them ring once a minute, but not while it
    // changes the title.
    cancelTimer = sessionTime(session).after(900, show)
  }
  // A session takes a step whenever its page is hidden or shown.
  const stop = session.inspect(show)
  show()
  return () => {
    stop()
    isStopped = true
    show()
  }
}
