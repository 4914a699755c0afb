// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { warningDialog } from '../../src/ui/dialog/dialog.js'
import { pass, SECOND, untilWarned, usePage } from '../unit/ui/page.js'

const page = usePage()

describe('a framework that puts a new body in place of the old one', () => {
  // There, an element that a script had put into the body was gone after the next navigation, and the script still used it.
  // Right: the warning is in the current body.
  it('contao/contao#8091: a framework that replaces the body finds the warning in the new one', async () => {
    const undo = warningDialog(page.session)
    document.body.replaceWith(document.createElement('body'))
    await untilWarned(page.session)
    const host = (): Element | null => document.body.querySelector(':scope > .sojourn-dialog')
    const isOpen = (): boolean => host()!.shadowRoot!.querySelector('dialog')!.open
    expect(isOpen()).toBe(true)
    document.body.replaceWith(document.createElement('body'))
    expect(host()).toBeNull()
    await pass(SECOND)
    expect(isOpen()).toBe(true)
    undo()
    expect(host()).toBeNull()
  })

  // There, the element for the dialogs was made once, when the module was loaded. After the next navigation it was in no document, and
  // `showModal()` threw. Right: where the container has left the page, the warning is in the body.
  it('rpearce/react-medium-image-zoom#429: a container that left with the old body does not take the warning along', async () => {
    const container = document.body.appendChild(document.createElement('div'))
    const undo = warningDialog(page.session, { container })
    document.body.replaceWith(document.createElement('body'))
    await untilWarned(page.session)
    expect(container.isConnected).toBe(false)
    const host = document.body.querySelector(':scope > .sojourn-dialog')
    expect(host?.shadowRoot?.querySelector('dialog')?.open).toBe(true)
    undo()
  })
})
