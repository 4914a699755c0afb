import { anHour, expectActivity, expectNoActivity } from './activity-kinds.js'
import { expect, pause, shortIdle, test, type Tab } from './fixtures.js'

const inputs: { what: string; input: (tab: Tab) => Promise<unknown>; before?: (tab: Tab) => Promise<unknown> }[] = [
  { what: 'a key', input: ({ page }) => page.keyboard.press('a') },
  { what: 'a key without a letter', input: ({ page }) => page.keyboard.press('Shift') },
  {
    what: 'a mouse that moves',
    before: ({ page }) => page.mouse.move(50, 300),
    input: ({ page }) => page.mouse.move(80, 320),
  },
  {
    what: 'a mouse button',
    before: ({ page }) => page.mouse.move(50, 300),
    input: async ({ page }) => {
      await page.mouse.down()
      await page.mouse.up()
    },
  },
  {
    what: 'the wheel',
    before: ({ page }) => page.mouse.move(50, 300),
    input: ({ page }) => page.mouse.wheel(0, 40),
  },
  { what: 'typing in a field', input: ({ page }) => page.locator('#text').pressSequentially('abc') },
  {
    what: 'text that comes without keys, as dictation and paste do',
    before: ({ page }) => page.locator('#text').focus(),
    input: ({ page }) => page.keyboard.insertText('dictated'),
  },
  { what: 'a button by keyboard', input: ({ page }) => page.locator('#press').press('Enter') },
  { what: 'dragging', input: ({ page }) => page.locator('#drag').dragTo(page.locator('#drop')) },
]

for (const { what, input, before } of inputs) {
  test(`S60 ${what} counts as activity`, async ({ tabs }) => {
    const tab = await tabs.open(anHour)
    await tab.signIn()
    await before?.(tab)
    await expectActivity(tab, () => input(tab))
    // And once more, in the steady state.
    await before?.(tab)
    await expectActivity(tab, () => input(tab))
  })
}

test('S60 work inside a same-origin iframe counts', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  const inner = tab.page.frameLocator('#frame')
  await inner.locator('#inner-text').click()
  await expectActivity(tab, () => tab.page.keyboard.type('x'))
  await expectActivity(tab, () => inner.locator('#inner-press').hover())
  await expectActivity(tab, () => inner.locator('#inner-press').click())
})

test('S60 work inside a same-origin iframe counts after the frame has navigated', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  const inner = tab.page.frameLocator('#frame')
  await tab.page.frames()[1]?.goto(`${new URL(tab.page.url()).origin}/inner?second`)
  await inner.locator('#inner-text').click()
  await expectActivity(tab, () => tab.page.keyboard.type('x'))
})

test('S60 clicks and keys inside a cross-origin iframe count', async ({ tabs }) => {
  const tab = await tabs.open({ ...shortIdle, server: 'none' }, { path: '/cross-framed' })
  const watcher = await tabs.open({ ...shortIdle, server: 'none' })
  await watcher.signIn()
  await tab.next('signedIn')
  // From here on this tab is not asked for anything: a driver's questions count as a user's activation.
  const inner = tab.page.frameLocator('#frame')
  await inner.locator('#inner-press').click()
  const until = Date.now() + 6000
  while (Date.now() < until) {
    await inner.locator('#inner-press').click()
    await pause(700)
  }
  await inner.locator('#inner-text').click()
  expect(await watcher.events('signedOut')).toEqual([])
  const keysUntil = Date.now() + 5000
  while (Date.now() < keysUntil) {
    await tab.page.keyboard.press('x')
    await pause(700)
  }
  expect(await watcher.events('signedOut')).toEqual([])
})

test('S60 a focused cross-origin iframe in which nobody works keeps nobody awake', async ({ tabs }) => {
  const config = { options: { idleTimeout: 9000, warnBefore: 2000, absoluteTimeout: false }, server: 'none' } as const
  const tab = await tabs.open(config, { path: '/cross-framed' })
  const watcher = await tabs.open(config)
  await watcher.signIn()
  await tab.next('signedIn')
  await tab.page.frameLocator('#frame').locator('#inner-text').click()
  // The activation lasts 5 s in all engines, so a sample may see the click once more; then it is over.
  await watcher.next('signedOut', 1, 9000 + 5000 + 4000)
})

test('S60 untrusted events are not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await expectNoActivity(tab, () =>
    tab.page.evaluate(() => {
      const target = document.querySelector('#text') ?? document.body
      const made = [
        new PointerEvent('pointerdown', { bubbles: true }),
        new PointerEvent('pointermove', { bubbles: true, movementX: 9, movementY: 9, screenX: 99 }),
        new WheelEvent('wheel', { bubbles: true, deltaY: 9 }),
        new KeyboardEvent('keydown', { bubbles: true, key: 'a' }),
        new InputEvent('input', { bubbles: true, data: 'a' }),
        new CompositionEvent('compositionupdate', { bubbles: true, data: 'a' }),
        new MouseEvent('click', { bubbles: true }),
        new DragEvent('dragover', { bubbles: true }),
        new Event('touchmove', { bubbles: true }),
      ]
      for (const event of made) target.dispatchEvent(event)
      // An untrusted click on something that acts, too.
      document.querySelector<HTMLElement>('#press')?.click()
    }),
  )
})

test('S60 a pointer that is told to move but does not is not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await tab.page.mouse.move(60, 300)
  await tab.page.mouse.move(90, 310)
  await expectNoActivity(tab, async () => {
    await tab.page.mouse.move(90, 310)
    await tab.page.mouse.move(90, 310)
  })
})

test('S60 the content that scrolls under a resting pointer is not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await tab.page.mouse.move(60, 300)
  await tab.page.mouse.move(60, 60)
  await expectNoActivity(tab, () =>
    tab.page.evaluate(async () => {
      for (let step = 1; step <= 5; step++) {
        document.body.style.marginTop = `${String(step * 20)}px`
        await new Promise((resolve) => requestAnimationFrame(resolve))
      }
    }),
  )
})

test('`touch()` and `hold()` count, a released hold does not', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await expectActivity(tab, () =>
    tab.page.evaluate(() => {
      window.harness.session.touch()
    }),
  )
  const short = await tabs.open({ ...shortIdle, options: { ...shortIdle.options, name: 'short' }, server: 'none' })
  await short.signIn()
  await short.page.evaluate(() => {
    const release = window.harness.session.hold()
    setTimeout(() => {
      release()
      release()
    }, 6000)
  })
  await pause(5800)
  expect(await short.phase()).toBe('active')
  expect(await short.events('warning')).toEqual([])
  await short.next('signedOut', 1, 5000)
})

test('a closed tab keeps nobody awake, whatever it held', async ({ tabs }) => {
  const [busy, other] = await tabs.openMany(2, { ...shortIdle, server: 'none' })
  if (!busy || !other) throw new Error('no tabs')
  await busy.signIn()
  await other.next('signedIn')
  await busy.page.evaluate(() => {
    window.harness.session.hold()
  })
  await pause(1500)
  await busy.page.close()
  const from = Date.now()
  expect((await other.next('signedOut', 1, 6000)).detail['reason']).toBe('idle')
  expect(Date.now() - from).toBeLessThan(4600)
})

test('a download and a navigation that comes to nothing kill nothing', async ({ tabs }) => {
  const [tab, other] = await tabs.openMany(2, { ...shortIdle, server: 'none' })
  if (!tab || !other) throw new Error('no tabs')
  await tab.signIn()
  await other.next('signedIn')
  const download = tab.page.waitForEvent('download')
  await tab.page.locator('#download').click()
  await download
  const nothing = tab.page.waitForResponse((response) => response.url().endsWith('/no-content'))
  await tab.page.locator('#nowhere').click()
  await nothing
  expect(await tab.phase()).toBe('active')
  // Timers, input and news from other tabs all still work.
  await tab.next('warning')
  expect(await other.extend()).toBe(true)
  expect((await tab.next('extended')).detail['where']).toBe('elsewhere')
  await tab.click()
  await other.signOut()
  expect((await tab.next('signedOut')).detail['where']).toBe('elsewhere')
})
