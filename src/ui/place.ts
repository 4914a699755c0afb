/** Where a dialog is, and whether it is seen there. */
export interface Place {
  /** Whether it is drawn, above everything else, and no assistive technology is kept from it. */
  readonly isSeen: () => boolean
  /** Opens it, or puts it on top again: in its container, or where it is seen. */
  readonly open: () => void
}

export function createPlace(
  host: HTMLElement,
  dialog: HTMLDialogElement,
  button: HTMLElement,
  container: HTMLElement,
): Place {
  const root = dialog.getRootNode() as ShadowRoot
  /** Looked for in vain, with a page that hides it wherever it is: it is not opened anew each second. */
  let isLost = false

  const isUncovered = (element: HTMLElement): boolean => {
    const { left, top, width, height } = element.getBoundingClientRect()
    const [x, y] = [left + width / 2, top + height / 2]
    const there = document.elementFromPoint(x, y)
    return (
      !!width &&
      // Scrolled out of the dialog, or another session's dialog, which can be answered.
      (!there || there.className === host.className || dialog.contains(root.elementFromPoint(x, y)))
    )
  }
  const isSeen = (): boolean => {
    // Libraries hide from assistive technology what lies beside a modal of theirs.
    host.removeAttribute('aria-hidden')
    host.removeAttribute('inert')
    if (!host.isConnected || host.closest('[aria-hidden=true]')) return false
    // Nothing has a size in a frame that is not displayed, and where there is no layout.
    return isLost || !document.documentElement.clientWidth || [dialog, button].every(isUncovered)
  }

  return {
    isSeen,
    open() {
      isLost = false
      for (const place of new Set([container, document.body, document.documentElement])) {
        // Closed without the event, which would be an answer.
        if (dialog.open || host.parentNode !== place) {
          host.remove()
          dialog.open = false
          place.append(host)
        }
        if (!host.isConnected) continue
        dialog.showModal()
        if (isSeen()) return
      }
      isLost = true
    },
  }
}
