import { listen } from './safe-dom.js'

/**
 * Whether a watched window has the focus. If the page has the focus and no watched window has it, it is in a frame of another
 * origin or in a viewer, whose events the page does not get.
 */
export interface Focus {
  isHere: boolean
}

/** The focus in the page's own window and its frames. It may leave before the user signs in, so it is followed without a session too. */
export const ownFocus: Focus = { isHere: true }

/** Returns a function that follows the focus of one more window. `left` is called when the focus has left, and the browser says where it is. */
export function followFocus(focus: Focus, left: () => void, signal: AbortSignal): (view: Window) => void {
  // The same listener for all windows: a window to which it is added twice calls it once.
  const follow = ({ type }: Event): void => {
    focus.isHere = type === 'focus'
    // Firefox updates `activeElement` and `hasFocus()` only after this event.
    if (!focus.isHere) setTimeout(left)
  }
  return (view) => {
    // Without `capture`: the window would otherwise get the focus events of all elements, which do not bubble.
    for (const type of ['focus', 'blur']) listen(view, type, follow, { signal })
  }
}
