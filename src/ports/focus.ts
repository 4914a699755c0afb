import { listen } from './safe-dom.js'

/** Whether a window that is watched has the focus. Where none has, and the page has, it is in what nobody can look into. */
export interface Focus {
  isHere: boolean
}

/** The focus in the page's own window and its frames. It may have gone before somebody signs in, so it outlasts each session. */
export const ownFocus: Focus = { isHere: true }

/** Follows the focus of windows. `left` is called when it has gone, and it is known where to. */
export function followFocus(focus: Focus, left: () => void, signal: AbortSignal): (view: Window) => void {
  // One for all windows: what is added twice listens once.
  const follow = ({ type }: Event): void => {
    focus.isHere = type === 'focus'
    // Firefox shows in `activeElement` and `hasFocus()` only after this event where the focus has gone.
    if (!focus.isHere) setTimeout(left)
  }
  return (view) => {
    // Not captured: the focus of elements goes by all the time, and does not bubble.
    for (const type of ['focus', 'blur']) listen(view, type, follow, { signal })
  }
}
