import { listen, ofDocument } from './safe-dom.js'
import { followFocus, ownFocus } from './focus.js'
import type { Page, Undo } from './types.js'

/** Calls back at each sign that time may have passed: timers stop, or come late, in sleeping, frozen and hidden pages. */
export function onWake(hint: (cause: string, restored: boolean) => void): Undo {
  const abort = new AbortController()
  const hear = (target: EventTarget, types: readonly string[]): void => {
    for (const type of types) {
      const listener = (event: Event): void => {
        hint(
          type === 'visibilitychange' && ofDocument('hidden') ? 'hidden' : type,
          (event as PageTransitionEvent).persisted,
        )
      }
      // Early, but not for the focus of elements, which goes by all the time and does not bubble.
      listen(target, type, listener, { capture: type !== 'focus', signal: abort.signal })
    }
  }
  hear(window, ['pageshow', 'pagehide', 'focus', 'online'])
  hear(document, ['visibilitychange', 'resume', 'prerenderingchange'])
  followFocus(ownFocus, () => hint('blur', false), abort.signal)(window)
  return () => {
    abort.abort()
  }
}

/** Chromium alone has it, https://wicg.github.io/nav-speculation/prerendering.html#document-prerendering. */
export const prerendering = (): boolean => !!ofDocument('prerendering' as keyof Document)

/** A page from the back/forward cache must not be seen for a moment with what it showed before. */
export const page: Page = {
  hide() {
    // Hidden alone would spare what says of itself that it is visible, as menus and dialogs do.
    ofDocument('documentElement').style.cssText = 'visibility:hidden!important;display:none!important'
  },
  reload() {
    location.reload()
  },
}
