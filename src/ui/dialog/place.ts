/** What lies above a page beside modal dialogs. A list that forgives: browsers pass over what they do not know. */
const OVERLAYS = ':is(:popover-open,:fullscreen)'

/** Where a dialog is, and whether it is seen there. */
export interface Place {
  /** Whether it is drawn, on top of everything else, and not hidden from assistive technology. */
  readonly isSeen: () => boolean
  /** Opens it, or puts it on top again: in its container, or where it is seen. */
  readonly open: () => void
}

export function createPlace(host: HTMLElement, dialog: HTMLDialogElement, container: HTMLElement): Place {
  const root = dialog.getRootNode() as ShadowRoot
  /** The page hides it wherever it is: it is not opened anew each second. */
  let isHiddenEverywhere = false
  /** The overlays that are below it; none are above while this is null. */
  let below: Set<Element> | null = null

  const isSeen = (): boolean => {
    // Libraries hide from assistive technology what lies beside a modal of theirs.
    host.removeAttribute('aria-hidden')
    host.removeAttribute('inert')
    if (!host.isConnected || host.closest('[aria-hidden=true]')) return false
    // Nothing has a size in a frame that is not displayed, and where there is no layout.
    if (isHiddenEverywhere || !document.documentElement.clientWidth) return true
    const { left, right, top, bottom, width, height } = dialog.getBoundingClientRect()
    // A mouse hits through what is inert, though it covers the dialog for the eye.
    const overlays = document.querySelectorAll(OVERLAYS)
    for (const overlay of overlays) {
      const other = overlay.getBoundingClientRect()
      const isApart = other.left >= right || other.right <= left || other.top >= bottom || other.bottom <= top
      if (below && !below.has(overlay) && !isApart) return false
    }
    below = new Set(overlays)
    // Another modal dialog is hit in its place. One of another session can be answered, and then it is the turn of this one.
    const [x, y] = [left + width / 2, top + height / 2]
    const hit = document.elementFromPoint(x, y)
    return !!width && (!hit || hit.className === host.className || dialog.contains(root.elementFromPoint(x, y)))
  }

  return {
    isSeen,
    open() {
      isHiddenEverywhere = false
      for (const place of new Set([container, document.body, document.documentElement])) {
        // Closed without the event, which would be an answer.
        if (dialog.open || host.parentNode !== place) {
          host.remove()
          dialog.open = false
          place.append(host)
        }
        if (!host.isConnected) continue
        dialog.showModal()
        below = null
        if (isSeen()) return
      }
      isHiddenEverywhere = true
    },
  }
}
