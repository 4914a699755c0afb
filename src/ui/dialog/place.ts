/** The top layer's elements beside modal dialogs. `:is()` takes a forgiving list: browsers ignore selectors that they do not know. */
const OVERLAYS = ':is(:popover-open,:fullscreen)'

/** Whether an element is hidden from assistive technology, be it by one outside of the shadow trees that it is in. */
function isHidden(element: Element): boolean {
  const root = element.getRootNode()
  return !!element.closest('[aria-hidden=true]') || (root instanceof ShadowRoot && isHidden(root.host))
}

/** Where a dialog is in the document, and whether the user can see it there. */
export interface Place {
  /** Whether the dialog is rendered on top of everything else, and exposed to assistive technology. */
  readonly isSeen: () => boolean
  /** Opens the dialog or puts it on top again: in its container, or else in the first place where the user can see it. */
  readonly open: () => void
}

export function createPlace(host: HTMLElement, dialog: HTMLDialogElement, container: HTMLElement): Place {
  const root = dialog.getRootNode() as ShadowRoot
  /** Whether the page hides the dialog in every place. Then it is not opened again each second. */
  let isHiddenEverywhere = false
  /** The overlays below the dialog. Null right after it was opened: then it is above all of them. */
  let below: Set<Element> | null = null

  const isSeen = (): boolean => {
    // A library that opens a modal of its own hides everything beside it from assistive technology.
    host.removeAttribute('aria-hidden')
    host.removeAttribute('inert')
    if (!host.isConnected || isHidden(host)) return false
    // Without layout, or in a frame that is not displayed, no element has a size.
    if (isHiddenEverywhere || !document.documentElement.clientWidth) return true
    const { left, right, top, bottom, width, height } = dialog.getBoundingClientRect()
    // An inert overlay covers the dialog visually, although `elementFromPoint` looks through it. So rectangles are compared.
    const overlays = document.querySelectorAll(OVERLAYS)
    for (const overlay of overlays) {
      const other = overlay.getBoundingClientRect()
      const isApart = other.left >= right || other.right <= left || other.top >= bottom || other.bottom <= top
      if (below && !below.has(overlay) && !isApart) return false
    }
    below = new Set(overlays)
    // A modal dialog of the page above it is hit in its place. The dialog of another session may stay above: the user answers that
    // first, then this one.
    const [x, y] = [left + width / 2, top + height / 2]
    const hit = document.elementFromPoint(x, y)
    return !!width && (!hit || hit.className === host.className || dialog.contains(root.elementFromPoint(x, y)))
  }

  return {
    isSeen,
    open() {
      isHiddenEverywhere = false
      for (const place of new Set([container, document.body, document.documentElement])) {
        // Closed without a `close` event, which would count as an answer.
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
