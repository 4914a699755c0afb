/** A user who is typing or clicking when the warning opens: their input is no answer, in every engine. */
import { focused } from './dialogs.js'
import { expect, pause, test, type AnyTab, type AnyTabs } from './every.js'

/** As WebDriver has them, where Playwright does not drive. */
const codes: Record<string, string> = { Enter: '\uE007', Escape: '\uE00C', Space: ' ', Tab: '\uE004' }
const press = (tab: AnyTab, key: string): Promise<void> => tab.press(tab.page ? key : (codes[key] ?? key))

/** A limit that cannot be extended, for a busy user, and one that can, for a user who comes back. */
const limits = {
  absolute: { idleTimeout: false, absoluteTimeout: '15m', warnBefore: '2m' },
  idle: { idleTimeout: '15m', absoluteTimeout: false, warnBefore: '2m' },
} as const

async function open(tabs: AnyTabs, limit: keyof typeof limits): Promise<AnyTab> {
  const tab = await tabs.open({ options: limits[limit], server: 'none' }, { path: '/dialog' })
  await tab.signIn()
  return tab
}

const isOpen = ({ run }: AnyTab): Promise<boolean> =>
  run(() => document.querySelector('.sojourn-dialog')!.shadowRoot!.querySelector('dialog')!.open)

const warn = async (tab: AnyTab): Promise<void> => {
  await tab.shiftClock(13.5 * 60_000)
  await tab.run(() => void window.harness.session.check())
  expect(await isOpen(tab)).toBe(true)
}

/** The middle of a button of the dialog, while it is open. */
const middleOf = ({ run }: AnyTab, id: string): Promise<{ x: number; y: number }> =>
  run((name) => {
    const button = document.querySelector('.sojourn-dialog')!.shadowRoot!.querySelector(`#${name}`)!
    const { left, top, width, height } = button.getBoundingClientRect()
    return { x: left + width / 2, y: top + height / 2 }
  }, id)

// There a dialog opened while a user was typing, and the next space dismissed it before they had seen it.
test.describe('jupyterlab/jupyterlab#4523', () => {
  for (const limit of ['absolute', 'idle'] as const)
    test(`S92 a user who types through the first seconds of a warning (${limit}) answers nothing`, async ({ tabs }) => {
      const tab = await open(tabs, limit)
      await tab.run(() => document.querySelector<HTMLTextAreaElement>('#story')!.focus())
      await press(tab, 'a')
      await warn(tab)
      const from = Date.now()
      for (let n = 0; Date.now() < from + 2000; n++) {
        await press(tab, ['b', 'Space', 'Enter', 'Escape', 'Tab'][n % 5]!)
        expect(await isOpen(tab)).toBe(true)
      }
      expect(await tab.phase()).toBe('warning')
      expect(await focused(tab.run)).toBe('stay')
      await pause(1000)
      await press(tab, 'Enter')
      await expect.poll(() => isOpen(tab)).toBe(false)
      expect(await tab.phase()).toBe(limit === 'idle' ? 'active' : 'warning')
      expect(await focused(tab.run)).toBe('story')
    })

  for (const id of ['stay', 'sign-out'])
    test(`S92 the second half of a double click where "${id}" comes up is no answer`, async ({ tabs }) => {
      const tab = await open(tabs, 'idle')
      await warn(tab)
      const { x, y } = await middleOf(tab, id)
      await pause(1000)
      await press(tab, 'Escape')
      await expect.poll(() => isOpen(tab)).toBe(false)
      // The first half brings the warning, as a request of the page may that looks at the clock.
      await tab.run(() => {
        addEventListener(
          'mouseup',
          () => {
            window.harness.shiftClock(13.5 * 60_000)
            window.harness.session.check()
          },
          { once: true },
        )
      })
      // Both halves in one command: a machine that is busy between two would make two clicks of them.
      await tab.clickAt(x, y, 2)
      expect(await isOpen(tab)).toBe(true)
      expect(await tab.phase()).toBe('warning')
      await pause(1000)
      await tab.clickAt(x, y)
      await expect.poll(() => tab.phase()).toBe(id === 'stay' ? 'active' : 'signedOut')
    })
})
