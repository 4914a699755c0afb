import type { Locator } from '@playwright/test'
import { audit } from './dialogs.js'
import { expect, runIn, test } from './fixtures.js'
import { TOKEN_MARK } from './server/token-server.js'

/** The lines of a timeline that show a change, the newest first. */
const newest = async (panel: Locator): Promise<string[]> =>
  (await panel.locator('li.changed').allInnerTexts()).map((line) => line.slice(9).replace(/ +/, ' '))

test(
  'the inspector shows each step and no token, under a strict policy, by keyboard, light and dark',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const tab = await tabs.open({}, { path: '/inspector' })
    const other = await tabs.open()
    const { page } = tab
    await page.bringToFront()
    const panel = page.locator('.sojourn-inspector.floats')
    await tab.signIn(tokens.issue({ accessLife: 3600 }))
    await tab.token({ forceRefresh: true })
    const [first = ''] = await newest(panel)
    expect(first).toMatch(/^server new tokens, generation 2, refreshed after \d+ ms \(refreshed\)$/)
    await expect(panel.locator('#deadlines')).toHaveText(
      /^Warning: \S+, in 0:1[23]:\d\d\nEnd \(idle\): .*\nTokens expire: /,
    )

    const play = page.locator('main .sojourn-inspector')
    for (const [scheme, width] of [
      ['light', 1280],
      ['dark', 320],
    ] as const) {
      await page.evaluate((wanted) => (document.documentElement.style.colorScheme = wanted), scheme)
      await page.setViewportSize({ width, height: 720 })
      // The one that floats would cover the other.
      await panel.evaluate((host: HTMLElement, hidden) => (host.hidden = hidden), width < 500)
      const { found, tried } = await audit(
        runIn(page),
        width < 500 ? 'main .sojourn-inspector' : '.sojourn-inspector.floats',
      )
      expect(found).toEqual([])
      expect(tried).toEqual(expect.arrayContaining(['color-contrast', 'target-size']))
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    }

    // One thing after the other, by keys alone.
    await page.setViewportSize({ width: 1280, height: 900 })
    await play.locator('summary').first().focus()
    const press = async (name: string): Promise<void> => {
      const button = play.getByRole('button', { name, exact: true })
      for (let time = 0; time < 20 && !(await button.evaluate((it: Element) => it.matches(':focus'))); time++)
        await page.keyboard.press('Tab')
      await expect(button).toBeFocused()
      await page.keyboard.press('Enter')
    }
    await press('Pause')
    await expect(play.getByRole('button', { pressed: true })).toHaveText('Pause')
    await page.keyboard.press('Enter')
    await press('Copy as text')
    await expect(play.getByRole('status')).toHaveText('Copied.')
    await press('Let a minute pass')
    await expect(play.locator('#deadlines')).toContainText('in 0:11:5')
    await press('Sleep for an hour')
    await expect(play.locator('summary').first()).toHaveText('Session: signedOut')
    expect((await newest(play))[0]).toBe('wake signed out: idle (focus)')
    await press('Sign in again')
    await expect(play.locator('summary').first()).toHaveText('Session: active')

    await panel.evaluate((host: HTMLElement) => (host.hidden = false))
    await other.signOut()
    await expect(panel.locator('summary').first()).toHaveText('Session: signedOut')
    expect((await newest(panel))[0]).toMatch(/^elsewhere signed out: signOut \(\w+\)$/)
    const shown = await page
      .locator('.sojourn-inspector')
      .evaluateAll((hosts) => hosts.map((host) => host.shadowRoot?.textContent).join())
    expect(shown).toContain('generation 2')
    expect(shown).not.toContain(TOKEN_MARK)
  },
)
