import { last, listen, ofDocument } from './safe-dom.js'
import { followFocus, ownFocus } from './focus.js'
import type { InputWatch, Watching } from './types.js'

/** Events that only the user causes. Focus, scroll and visibility change without the user as well. */
const TYPES = ['pointerdown', 'wheel', 'touchmove', 'keydown', 'compositionupdate', 'dragover']

/**
 * Events that are trusted even if a script caused them: `input` after `checkbox.click()` and `execCommand()`
 * (https://github.com/whatwg/html/issues/1126), `click` in WebKit after `label.click()`.
 */
const SCRIPTABLE = ['beforeinput', 'input', 'click']

/** How long after the start a first `pointermove` may be the browser reporting where the mouse rests, ms. */
const GREETING = 1e3

/** Calls `onUserInput` for each input event of the user in `view` and its same-origin frames. It runs at each event, so it does little. */
export function watchInput(
  onUserInput: () => void,
  { isKnown = () => false, left = () => undefined, view }: Watching = {},
): InputWatch {
  // The document that the window has now: after the window navigates to another site, access to it throws.
  const document = view?.document
  const since = Date.now()
  const abort = new AbortController()
  const { signal } = abort
  const focus = view ? { isHere: true } : ownFocus
  const follow = followFocus(focus, left, signal)
  const options = { capture: true, passive: true, signal }
  let lastMove: PointerEvent | undefined

  const onInput = (event: Event): void => {
    if (event.isTrusted && !isKnown()) onUserInput()
  }
  // A mouse that moves fires this at each frame: while input is flagged anyway, the position is not read.
  const onMove = (event: Event): void => {
    if (!event.isTrusted) return
    const before = lastMove
    lastMove = event as PointerEvent
    if (isKnown()) return
    const { screenX, screenY, movementX, movementY } = lastMove
    // Chromium sends moves that move nothing when the layout changes under a still mouse, https://crbug.com/41148954. A locked
    // pointer stays at its position, and only `movementX` and `movementY` change.
    const isStill = screenX === before?.screenX && screenY === before.screenY && !movementX && !movementY
    // A page that appears under a resting mouse gets a first `pointermove` although the mouse does not move.
    const isGreeting = !before && Date.now() - since < GREETING
    if (!isStill && !isGreeting) onUserInput()
  }
  // Microtasks run between the listeners of an event that the browser dispatches by itself: `eventPhase` is then not 0. If a
  // script caused the event, they run only after the script has returned: https://html.spec.whatwg.org/multipage/webappapis.html#clean-up-after-running-script.
  const unlessScripted = async (event: Event): Promise<void> => {
    // eslint-disable-next-line @typescript-eslint/await-thenable -- zone.js replaces promises and `queueMicrotask()`, but not this
    await null
    if (event.eventPhase) onUserInput()
  }
  const onScriptable = (event: Event): void => {
    if (event.isTrusted && !isKnown()) void unlessScripted(event)
  }

  // A frame's events do not leave it, so each frame is watched. `load` announces each document that a frame shows later; it is
  // dispatched at the frame's element, and does not reach the window.
  const watch = (view: Window): void => {
    try {
      for (const type of TYPES) listen(view, type, onInput, options)
      listen(view, 'pointermove', onMove, options)
      for (const type of SCRIPTABLE) listen(view, type, onScriptable, options)
      // `onWake` follows the focus of the page's own window all the time.
      if (view !== window) follow(view)
      listen(view.document, 'load', onLoad, options)
      for (const frame of Array.from<Window>(view)) watch(frame)
    } catch {
      // A frame of another origin throws: see `isFocusInFrame`.
    }
  }
  const onLoad = ({ target }: Event): void => {
    const view = (target as Partial<HTMLIFrameElement>).contentWindow
    if (view) watch(view)
  }
  watch(view ?? window)
  // The page may fill the window by `document.write`. What it writes into a frame ends with a `load` there.
  if (view) last(() => watch(view), signal, document)

  const hidden = (): boolean => ofDocument('hidden', document)
  return {
    hidden,
    isFocusInFrame() {
      let element = ofDocument('activeElement', document) as Partial<HTMLIFrameElement> | null
      for (let inside; (inside = element?.shadowRoot ?? element?.contentDocument); element = inside.activeElement)
        // A frame in a shadow tree is not among the window's frames, and its `load` does not leave the tree.
        if (element?.contentWindow) watch(element.contentWindow)
      // A PDF viewer, in whatever element, and a frame of another origin send no events. Either the window has lost the focus to
      // them, or a frame had the focus when it navigated to another page, and the window got no event.
      const isElsewhere = !focus.isHere || !!(element?.contentWindow ?? element?.getSVGDocument)
      return isElsewhere && !hidden() && ofDocument('hasFocus', document)
    },
    // True for about 5 s after a click or a key in a frame of any origin: HTML §6.4.1, transient activation.
    isUserActive: () =>
      ((view?.navigator ?? navigator) as { userActivation?: UserActivation }).userActivation?.isActive ?? false,
    stop() {
      abort.abort()
    },
  }
}
