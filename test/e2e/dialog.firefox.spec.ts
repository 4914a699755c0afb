/** In Firefox a tab behind another one is hidden, whoever drives it. */
import { openDialogTab } from './dialogs.js'
import { expect, test } from './fixtures.js'

test('a tab in the background counts down in its title, and is what it was when it is shown', async ({
  tabs,
  context,
}) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  await tab.signIn()
  const other = await context.newPage()
  await other.bringToFront()
  await expect.poll(() => tab.page.evaluate(() => document.hidden)).toBe(true)
  await context.clock.fastForward('13:10')
  await expect.poll(() => tab.page.title()).toMatch(/^1:[45]\d · You are about to be signed out$/)
  await other.close()
  await tab.page.bringToFront()
  await expect.poll(() => tab.page.title()).toBe('Claim')
  await expect(tab.dialog).toBeVisible()
})
