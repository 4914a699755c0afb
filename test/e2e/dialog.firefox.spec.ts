/** A driven Firefox hides no tab behind another, so the test fakes the event. In Chromium a tab is really hidden. */
import { openDialogTab, type DialogTab } from './dialogs.js'
import { expect, test } from './fixtures.js'

const hide = ({ page }: DialogTab, hidden: boolean): Promise<void> =>
  page.evaluate((value) => {
    Object.defineProperty(Document.prototype, 'hidden', { configurable: true, get: () => value })
    document.dispatchEvent(new Event('visibilitychange'))
  }, hidden)

test('a tab in the background shows the countdown in its title, and its own title when it is shown', async ({
  tabs,
  context,
}) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  await tab.signIn()
  await hide(tab, true)
  await context.clock.fastForward('13:10')
  await expect.poll(() => tab.page.title()).toMatch(/^1:[45]\d · You are about to be signed out$/)
  await hide(tab, false)
  await expect.poll(() => tab.page.title()).toBe('Claim')
  await expect(tab.dialog).toBeVisible()
})
