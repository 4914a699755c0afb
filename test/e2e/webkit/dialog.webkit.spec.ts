/** What a person meets of the warning dialog in WebKit: `dialog.spec.ts` has the rest, in the two other engines. */
import { audit, focused } from '../dialogs.js'
import { expect, pause, test, type AnyTab } from '../every.js'

/** As WebDriver has them. */
const keys = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' }

const isOpen = ({ run }: AnyTab): Promise<boolean> =>
  run(() => document.querySelector('.sojourn-dialog')?.shadowRoot?.querySelector('dialog')?.open ?? false)

const opened = (tab: AnyTab): Promise<void> => expect.poll(() => isOpen(tab)).toBe(true)
const closed = (tab: AnyTab): Promise<void> => expect.poll(() => isOpen(tab)).toBe(false)

const options = { idleTimeout: '15m', warnBefore: '2m' } as const

/** Lets 13.5 idle minutes pass. */
async function warn(...tabs: AnyTab[]): Promise<void> {
  for (const tab of tabs) await tab.shiftClock(13.5 * 60_000)
  for (const tab of tabs)
    await tab.run(() => {
      window.harness.session.check()
    })
  for (const tab of tabs) await opened(tab)
  // The first moment, in which nothing is an answer.
  await pause(1000)
}

test('S55 the dialog opens in both windows, takes one key as an answer, and closes in both', async ({ tabs }) => {
  const [one, two] = await tabs.openTwo({ options, server: 'none' }, { path: '/dialog' })
  await one.signIn()
  await two.next('signedIn')
  await one.show()
  await one.run(() => {
    const story = document.querySelector<HTMLTextAreaElement>('#story')
    story?.focus()
    story?.setSelectionRange(4, 8)
  })
  for (const key of [keys.Enter, keys.Escape]) {
    await warn(one, two)
    expect(await focused(one.run)).toBe('stay')
    await one.press(key)
    await Promise.all([closed(one), closed(two)])
    expect([await one.phase(), await two.phase()]).toEqual(['active', 'active'])
    expect(await focused(one.run)).toBe('story')
    expect(
      await one.run(() => {
        const { selectionStart, selectionEnd } = document.activeElement as HTMLTextAreaElement
        return [selectionStart, selectionEnd]
      }),
    ).toEqual([4, 8])
  }
  expect((await two.events('extended')).map(({ detail }) => detail['where'])).toEqual(['elsewhere', 'elsewhere'])
})

for (const [what, dialog] of [
  ['in the light and in the dark', {}],
  ['from right to left, without constructed style sheets', { dir: 'rtl', withoutConstructedSheets: true }],
] as const)
  test(`axe-core finds nothing, ${what}`, async ({ tabs }) => {
    const tab = await tabs.open({ options, server: 'none' }, { path: '/dialog', search: { dialog } })
    await tab.signIn()
    await warn(tab)
    for (const scheme of ['light', 'dark']) {
      await tab.run((value) => (document.documentElement.style.colorScheme = value), scheme)
      const { found, tried } = await audit(tab.run)
      expect(found).toEqual([])
      expect(tried).toEqual(expect.arrayContaining(['aria-dialog-name', 'color-contrast', 'target-size']))
    }
    await tab.press(keys.Tab)
    expect(await focused(tab.run)).toBe('sign-out')
    await tab.press(keys.Enter)
    await closed(tab)
    expect(await tab.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
  })
