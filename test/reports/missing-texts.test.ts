// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { warningDialog, type DialogOptions } from '../../src/ui/dialog/dialog.js'
import { untilWarned, usePage } from '../unit/ui/page.js'

const page = usePage()
afterEach(() => {
  vi.unstubAllGlobals()
})

/** The dialog of a warning that has just begun: whether it is open, and its texts. */
async function shown(options: DialogOptions): Promise<(string | boolean | null)[]> {
  const undo = warningDialog(page.session, options)
  await untilWarned(page.session)
  const root = document.querySelector('.sojourn-dialog')!.shadowRoot!
  const texts = ['#message', '#stay'].map((id) => root.querySelector(id)!.textContent)
  const { open } = root.querySelector('dialog')!
  undo()
  return [open, ...texts]
}

const english = [true, expect.stringContaining('You will be signed out in 2 minutes') as string, 'Stay signed in']

describe('a translation that is not there', () => {
  // There, a text that was missing in one language left modals without their buttons. Here a missing `message` left no dialog at all.
  it('gl-inet/glkvm-cloud#39: a warning has the English text in place of one that is missing', async () => {
    const texts = { message: undefined, stay: undefined } as unknown as NonNullable<DialogOptions['texts']>
    expect(await shown({ texts })).toEqual(english)
  })

  // There, the formatter threw for one language, and dialogs did not open in it.
  it('rancher/rancher#7378: a warning is shown though its text throws, and the error is reported', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const error = new Error('A value must be provided')
    const message = (): string => {
      throw error
    }
    expect(await shown({ texts: { message } })).toEqual(english)
    expect(reported).toHaveBeenCalledWith(error)
  })

  it('a warning is shown where the page has no language, as `document.documentElement.lang` says it', async () => {
    expect(await shown({ locale: document.documentElement.lang })).toEqual(english)
  })
})
