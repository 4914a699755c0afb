import { listen, ofDocument } from './safe-dom.js'
import { followFocus, ownFocus } from './focus.js'
import type { Page, Undo } from './types.js'

/** Calls `hint` at each event after which time may have passed: timers stop or are late in sleeping, frozen and hidden pages. */
export function onWake(hint: (cause: string, restored: boolean) => void): Undo {
  const abort = new AbortController()
  const listenTo = (target: EventTarget, types: readonly string[]): void => {
    for (const type of types) {
      const listener = (event: Event): void => {
        hint(
          type === 'visibilitychange' && ofDocument('hidden') ? 'hidden' : type,
          (event as PageTransitionEvent).persisted,
        )
      }
      // In the capture phase, before the application's listeners. Not for `focus`: the window would get that of all elements.
      listen(target, type, listener, { capture: type !== 'focus', signal: abort.signal })
    }
  }
  listenTo(window, ['pageshow', 'pagehide', 'focus', 'online'])
  listenTo(document, ['visibilitychange', 'resume', 'prerenderingchange'])
  followFocus(ownFocus, () => hint('blur', false), abort.signal)(window)
  return () => {
    abort.abort()
  }
}

/** Only Chromium prerenders pages, https://wicg.github.io/nav-speculation/prerendering.html#document-prerendering. */
export const prerendering = (): boolean => !!ofDocument('prerendering' as keyof Document)

/** Hides and reloads a page from the back/forward cache, so that the user does not see for a moment what it showed before. */
export const page: Page = {
  hide() {
    // `visibility` alone does not hide elements that set `visibility: visible`, as menus and dialogs do.
    ofDocument('documentElement').style.cssText = 'visibility:hidden!important;display:none!important'
  },
  reload() {
    location.reload()
  },
}
