// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { countInTitle } from '../../src/ui/dialog/title-countdown.js'
import { hide, pass, SECOND, untilWarned, usePage } from '../unit/ui/page.js'

const page = usePage()

describe('a page that puts a count in front of its title', () => {
  // There, such a count was put around the title of the moment, so that an old count stayed. Right: the page's own title with the
  // page's count remains.
  it('tentakel/snippet#22: a page with a count in its title has its own title back after a warning', async () => {
    document.title = 'Mail'
    const undo = countInTitle(page.session, 'Signed out soon')
    hide(true)
    await untilWarned(page.session)
    expect(document.title).toBe('2:00 · Signed out soon')
    document.title = `(1) ${document.title}`
    await pass(3 * SECOND)
    expect(document.title).toBe('1:58 · Signed out soon')
    document.title = `${document.title} – example.com`
    await page.session.extend()
    await pass(SECOND)
    expect(document.title).toBe('(1) Mail – example.com')
    undo()
    expect(document.title).toBe('(1) Mail – example.com')
  })

  it('a page title with patterns of replacement stays as it is', async () => {
    document.title = 'A $& B'
    const undo = countInTitle(page.session, 'Soon')
    hide(true)
    await untilWarned(page.session)
    document.title = `(1) ${document.title}`
    undo()
    expect(document.title).toBe('(1) A $& B')
  })
})
