/** The tests of the dialog that need Chromium's driver. */
import { audit, openDialogTab, type DialogTab } from './dialogs.js'
import { pause } from './every.js'
import { expect, pageUrl, test } from './fixtures.js'
import { withRealChromium } from './real-chromium.js'

test('everything in forced colours has an edge, and the focus is visible', async ({ tabs, context }) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  await tab.signIn()
  await context.clock.fastForward('13:10')
  await expect(tab.dialog).toBeVisible()
  for (const colorScheme of ['light', 'dark'] as const) {
    await tab.page.emulateMedia({ forcedColors: 'active', colorScheme })
    const { dialog, stay, leave } = await tab.page.evaluate(() => {
      const root = document.querySelector('.sojourn-dialog')!.shadowRoot!
      const look = (id: string): Record<string, string> => {
        const { backgroundColor, borderStyle, borderColor, color, outlineStyle, outlineWidth } = getComputedStyle(
          root.getElementById(id)!,
        )
        return { backgroundColor, borderStyle, borderColor, color, outlineStyle, outlineWidth }
      }
      return { dialog: look('dialog'), stay: look('stay'), leave: look('sign-out') }
    })
    for (const part of [dialog, stay, leave]) {
      expect(part['borderStyle']).toBe('solid')
      expect(part['borderColor']).not.toBe(part['backgroundColor'])
      expect(part['color']).not.toBe(part['backgroundColor'])
    }
    expect([stay['outlineStyle'], stay['outlineWidth']]).toEqual(['solid', '3px'])
    expect(leave['outlineStyle']).toBe('none')
    expect((await audit(tab.run)).found).toEqual([])
  }
})

test('S91 the warning is on top of an element that goes to full screen after it opened', async ({ tabs }) => {
  const options = { idleTimeout: '15m', warnBefore: '2m' } as const
  const tab = await tabs.open({ options, server: 'none' }, { path: '/modals' })
  await tab.signIn()
  await tab.shiftClock(13.5 * 60_000)
  await tab.page.evaluate(() => void window.harness.session.check())
  // Full screen needs a gesture of the user; Chromium counts calls of its driver as one.
  await tab.page.evaluate(() => document.querySelector('main')!.requestFullscreen())
  expect(await tab.page.evaluate(() => document.fullscreenElement?.tagName)).toBe('MAIN')
  await expect
    .poll(() => tab.page.evaluate(() => window.topLayer))
    .toEqual(['showModal dialog', 'requestFullscreen ', 'showModal dialog'])
})

/** Where any input is an answer, the first event of a press closes the dialog: the page below gets none of the rest. */
for (const [what, press] of Object.entries({
  'a tap': async ({ page }: DialogTab, { x, y }: { x: number; y: number }) => {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  },
  'a held key': async ({ page }: DialogTab) => {
    for (let time = 0; time < 3; time++) await page.keyboard.down('Enter')
    await page.keyboard.up('Enter')
  },
}))
  test(`${what} that closes the dialog as activity presses nothing in the page below`, async ({ tabs }) => {
    const options = { idleTimeout: '15m', warnBefore: '2m', activityDuringWarning: 'extend' } as const
    const tab = await openDialogTab(tabs, { options })
    await tab.signIn()
    // A button over the whole page, which has the focus.
    const pressed = await tab.page.evaluateHandle(() => {
      const heard: string[] = []
      const button = document.body.appendChild(document.createElement('button'))
      button.style.cssText = 'position:fixed;inset:0'
      for (const type of ['click', 'mousedown', 'keydown', 'keyup'])
        button.addEventListener(type, () => heard.push(type))
      button.focus()
      return heard
    })
    await tab.shiftClock(13.5 * 60_000)
    await tab.page.evaluate(() => void window.harness.session.check())
    const box = (await tab.stay.boundingBox())!
    await pause(1000)
    await press(tab, { x: box.x + box.width / 2, y: box.y + box.height / 2 })
    await expect(tab.dialog).toBeHidden()
    expect(await tab.phase()).toBe('active')
    await pause(1000)
    expect(await pressed.jsonValue()).toEqual([])
    // The next press is the page's.
    await tab.page.keyboard.press('Enter')
    await expect.poll(() => pressed.jsonValue()).toEqual(['keydown', 'click', 'keyup'])
  })

test('a tab in the background shows the countdown in its title', async ({ server }) => {
  await withRealChromium(async (context) => {
    const page = await context.newPage()
    const options = { idleTimeout: '8s', warnBefore: '7s' } as const
    await page.goto(pageUrl(server.origin, '/dialog', { server: 'none', options }))
    const other = await context.newPage()
    await other.bringToFront()
    await expect.poll(() => page.evaluate(() => document.hidden)).toBe(true)
    await page.evaluate(async () => {
      await window.harness.signIn()
      const seen: Seen[] = []
      Object.assign(window, { seen })
      new MutationObserver(() => {
        const snapshot = window.harness.session.getSnapshot()
        seen.push({ title: document.title, left: snapshot.phase === 'warning' ? snapshot.endAt - Date.now() : 0 })
      }).observe(document.querySelector('title')!, { childList: true })
    })
    await page.evaluate(() => window.harness.next('signedOut'))
    const seen = await page.evaluate(() => (window as unknown as { seen: Seen[] }).seen)
    expect(seen.at(-1)?.title).toBe('Claim')
    // Chromium rings once a second and a little late, so that it may pass over one; what it shows is true when it is shown.
    const shown = seen.flatMap(({ title, left }) => {
      const [, minutes, seconds] = /^(\d+):(\d\d) · You are about to be signed out$/.exec(title) ?? []
      return seconds === undefined ? [] : [{ seconds: Number(minutes) * 60 + Number(seconds), left }]
    })
    expect(shown.length).toBeGreaterThanOrEqual(3)
    for (const { seconds, left } of shown) {
      expect(left).toBeLessThanOrEqual(seconds * 1000)
      expect(left).toBeGreaterThan((seconds - 2) * 1000)
    }
  })
})

interface Seen {
  title: string
  /** Until the end, in ms. */
  left: number
}
