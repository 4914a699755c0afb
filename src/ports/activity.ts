import { listen, ofDocument } from './dom.js'
import type { Activity } from './types.js'

/** What a person does. Not: focus, scroll, visibility, which happen without one. */
const TYPES = [
  'pointerdown',
  'pointermove',
  'wheel',
  'touchmove',
  'keydown',
  'input',
  'compositionupdate',
  'click',
  'dragover',
]

const GREETING = 1e3

/** Calls `seen` for each trusted input event in this page and its same-origin frames, and costs next to nothing. */
export function watchActivity(seen: () => void): Activity {
  const since = Date.now()
  const abort = new AbortController()
  const options = { capture: true, passive: true, signal: abort.signal }
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

  // Events of a frame stay in it. `load` brings each document that a frame shows later; it does not reach the window.
  const watch = (view: Window): void => {
    try {
      for (const type of TYPES) listen(view, type, onInput, options)
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
  watch(window)

  return {
    framed() {
      let element = ofDocument('activeElement') as Partial<HTMLIFrameElement> | null
      for (let inside; (inside = element?.shadowRoot ?? element?.contentDocument); element = inside.activeElement)
        // A frame in a shadow tree is in no list of frames, and its `load` does not leave the tree.
        if (element?.contentWindow) watch(element.contentWindow)
      return !ofDocument('hidden') && ofDocument('hasFocus') && !!element?.contentWindow
    },
    // Sees clicks and keys in frames of any origin, for about 5 s: HTML §6.4.1, transient activation.
    activated: () => (navigator as { userActivation?: UserActivation }).userActivation?.isActive ?? false,
    stop() {
      abort.abort()
    },
  }
}
