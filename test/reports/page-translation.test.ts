// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { warningDialog } from '../../src/ui/dialog/dialog.js'
import { pass, SECOND, untilWarned, usePage } from '../unit/ui/page.js'

const page = usePage()
const root = (): ShadowRoot => document.querySelector('.sojourn-dialog')!.shadowRoot!

const font = (): Element => document.createElementNS('http://www.w3.org/1999/xhtml', 'font')

/** Changes a page as the browser's translation does: each text becomes two elements around another text. */
function translate(): void {
  for (const element of root().querySelectorAll('h2,p,button'))
    for (const node of [...element.childNodes]) {
      if (!node.textContent) continue
      const [outer, inner] = [font(), font()]
      inner.textContent = `¡${node.textContent}!`
      outer.append(inner)
      element.replaceChild(outer, node)
    }
}

describe('a page that the browser translates', () => {
  // There, a framework kept its text nodes, and threw when it changed one that was no longer in the page. Right: the countdown of
  // the dialog goes on, and its buttons work.
  it('react/react#32361, HeyyCzer/SirenX#88: a translated page has a warning that counts, closes, reopens', async () => {
    const undo = warningDialog(page.session)
    for (let time = 0; time < 2; time++) {
      await untilWarned(page.session)
      expect(root().querySelector('#message')!.textContent).toMatch(/ 2 minutes\.$/)
      translate()
      await pass(SECOND)
      expect(root().querySelector('#message')!.textContent).toMatch(/^You .* 1 minute 59 seconds\.$/)
      translate()
      await pass(59 * SECOND)
      expect(root().querySelector('#status')!.textContent).toMatch(/^You .* 1 minute\.$/)
      const stay = root().querySelector<HTMLElement>('#stay')!
      expect(stay.textContent).toMatch(/Stay signed in/)
      // A click hits an element that the translation has put into the button.
      ;(stay.querySelector<HTMLElement>('font font') ?? stay).click()
      await pass(0)
      expect(page.session.getSnapshot().phase).toBe('active')
    }
    undo()
  })
})
