// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest'
import { warningDialog } from '../../src/ui/dialog/dialog.js'
import { untilWarned, usePage } from '../unit/ui/page.js'

const page = usePage()

describe('a locale as servers and libraries write it', () => {
  // There, `en_US` was passed to Intl, which throws a RangeError for it, and the page failed. Right: the warning is shown.
  it.each([
    ['de_DE', '2 Minuten'],
    ['en_US', '2 minutes'],
    ['zh_Hant_TW', '2 分鐘'],
    ['pt-BR', '2 minutos'],
  ])('i18next/i18next#2330, stonith404/pingvin-share#851: the warning in %s is %s', async (locale, words) => {
    const undo = warningDialog(page.session, { locale, texts: { message: (remaining) => `[${remaining}]` } })
    await untilWarned(page.session)
    const root = document.querySelector('.sojourn-dialog')!.shadowRoot!
    expect(root.querySelector('#message')!.textContent).toBe(`[${words}]`)
    // Screen readers choose their voice by it, and know no language by an underscore (WCAG 3.1.2).
    expect(root.querySelector('dialog')!.lang).toBe(locale.replaceAll('_', '-'))
    undo()
  })
})
