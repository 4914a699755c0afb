import { listen, ofDocument } from './safe-dom.js'
import { followFocus, ownFocus } from './focus.js'
import type { InputWatch, Watching } from './types.js'

/** What only a person does. Not: focus, scroll, visibility, which happen without one. */
const TYPES = ['pointerdown', 'pointermove', 'wheel', 'touchmove', 'keydown', 'compositionupdate', 'dragover']

/**
 * These events are trusted also where a script is their cause: `input` after `checkbox.click()` and `execCommand()`
 * (https://github.com/whatwg/html/issues/1126), `click` in WebKit after `label.click()`.
 */
const SCRIPTABLE = ['beforeinput', 'input', 'click']

const GREETING = 1e3

/** Calls `seen` for each input event of a person in `view` and its same-origin frames, and costs next to nothing. */
export function watchActivity(
  seen: () => void,
  { isKnown = () => false, left = () => undefined, view }: Watching = {},
): InputWatch {
  // The document that is there now: the window may go to another site, and may then be asked for nothing.
  const document = view?.document
  const since = Date.now()
  const abort = new AbortController()
  const { signal } = abort
  const focus = view ? { isHere: true } : ownFocus
  const follow = followFocus(focus, left, signal)
  const options = { capture: true, passive: true, signal }
  let x: number | undefined
  let y: number | undefined

  const onInput = (event: Event): void => {
    if (!event.isTrusted) return
    if (event.type === 'pointermove') {
      // Chromium sends moves that move nothing when the layout changes under a still mouse, https://crbug.com/41148954.
      const { screenX, screenY, movementX, movementY } = event as PointerEvent
      // A locked pointer stays where it is.
      if (screenX === x && screenY === y && !movementX && !movementY) return
      // A page that comes up under a resting mouse is told where it is, as a move that moved nothing yet.
      const isGreeting = x === undefined && Date.now() - since < GREETING
      x = screenX
      y = screenY
      if (isGreeting) return
    }
    seen()
  }
  // Microtasks run between the listeners of an event that the browser dispatches by itself, but not before the script has
  // returned that caused it: https://html.spec.whatwg.org/multipage/webappapis.html#clean-up-after-running-script.
  const unlessScripted = async (event: Event): Promise<void> => {
    // eslint-disable-next-line @typescript-eslint/await-thenable -- zone.js replaces promises and `queueMicrotask()`, but not this
    await null
    if (event.eventPhase) seen()
  }
  const onScriptable = (event: Event): void => {
    if (event.isTrusted && !isKnown()) void unlessScripted(event)
  }

  // Events of a frame stay in it. `load` brings each document that a frame shows later; it does not reach the window.
  const watch = (view: Window): void => {
    try {
      for (const type of TYPES) listen(view, type, onInput, options)
      for (const type of SCRIPTABLE) listen(view, type, onScriptable, options)
      // The page's own is followed all the time: see `onWake`.
      if (view !== window) follow(view)
      listen(view.document, 'load', onLoad, options)
      for (const frame of Array.from<Window>(view)) watch(frame)
    } catch {
      // Another origin's frame: see `framed`.
    }
  }
  const onLoad = ({ target }: Event): void => {
    const view = (target as Partial<HTMLIFrameElement>).contentWindow
    if (view) watch(view)
  }
  watch(view ?? window)

  const hidden = (): boolean => ofDocument('hidden', document)
  return {
    hidden,
    isFocusInFrame() {
      let element = ofDocument('activeElement', document) as Partial<HTMLIFrameElement> | null
      for (let inside; (inside = element?.shadowRoot ?? element?.contentDocument); element = inside.activeElement)
        // A frame in a shadow tree is in no list of frames, and its `load` does not leave the tree.
        if (element?.contentWindow) watch(element.contentWindow)
      // A PDF viewer sends no events, whatever element shows it, nor does another origin's frame. The window has lost the
      // focus to them, or it never told of a frame that went to another page while it had the focus.
      const isElsewhere = !focus.isHere || !!(element?.contentWindow ?? element?.getSVGDocument)
      return isElsewhere && !hidden() && ofDocument('hasFocus', document)
    },
    // Sees clicks and keys in frames of any origin, for about 5 s: HTML §6.4.1, transient activation.
    isUserActive: () =>
      ((view?.navigator ?? navigator) as { userActivation?: UserActivation }).userActivation?.isActive ?? false,
    stop() {
      abort.abort()
    },
  }
}
