import type { BrowserContext, Page } from '@playwright/test'
import { audit, focused, openDialogTab, type DialogTab } from './dialogs.js'
import { expect, pause, stopClocks, test } from './fixtures.js'
import type { DialogConfig } from './pages/dialog.js'
import { goBack } from './tab.js'

const MINUTE = 60_000
/** Longer than the first moment, in which nothing is an answer. */
const MOMENT = 1000

const arabic: DialogConfig = {
  lang: 'ar',
  dir: 'rtl',
  locale: 'ar',
  texts: {
    title: 'هل ما زلت هنا؟',
    message: 'سيتم تسجيل خروجك خلال {remaining}.',
    stay: 'البقاء مسجلاً',
    signOut: 'تسجيل الخروج',
  },
}

/** Thirteen idle minutes, and the moment that a person needs to see what has come up. */
async function untilWarned(context: BrowserContext, ...tabs: DialogTab[]): Promise<void> {
  await context.clock.fastForward('13:10')
  for (const { dialog } of tabs) await expect(dialog).toBeVisible()
  await context.clock.fastForward(MOMENT)
}

const isActive = (tab: DialogTab): Promise<void> =>
  expect.poll(() => tab.phase(), { message: 'the session goes on' }).toBe('active')

test(
  'one key press on what has the focus extends, eleven times in a row (2.2.1)',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const tab = await openDialogTab(tabs)
    await tab.signIn()
    await tab.page.locator('#name').focus()
    for (let time = 1; time <= 11; time++) {
      await untilWarned(context, tab)
      const { endAt } = (await tab.deadlines())!
      expect(endAt - (await tab.page.evaluate(() => Date.now()))).toBeGreaterThan(20_000)
      expect(await focused(tab.run)).toBe('stay')
      await tab.page.keyboard.press((['Enter', 'Space', 'Escape'] as const)[time % 3]!)
      await expect(tab.dialog).toBeHidden()
      expect((await tab.deadlines())!.endAt).toBeGreaterThan(endAt + 10 * MINUTE)
      expect(await focused(tab.run)).toBe('name')
    }
    expect(await tab.events('extended')).toHaveLength(11)
  },
)

test('the focus returns to where it was, and so does what was selected there', async ({ tabs, context }) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  await tab.signIn()
  const { page } = tab
  const selected = (): Promise<unknown> =>
    page.evaluate(() => {
      const active = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement
      const { selectionStart, selectionEnd, selectionDirection } = active as HTMLInputElement
      const { anchorOffset, focusOffset } = getSelection()!
      return [selectionStart, selectionEnd, selectionDirection, anchorOffset, focusOffset]
    })
  const places: readonly (readonly [id: string, go: () => Promise<unknown>])[] = [
    ['press', () => page.locator('#press').focus()],
    [
      'name',
      () =>
        page.locator('#name').evaluate((field: HTMLInputElement) => {
          field.focus()
          field.setSelectionRange(2, 5, 'backward')
        }),
    ],
    [
      'story',
      () =>
        page.locator('#story').evaluate((field: HTMLTextAreaElement) => {
          field.focus()
          field.setSelectionRange(4, 8)
        }),
    ],
    [
      'notes',
      () =>
        page.locator('#notes').evaluate((notes) => {
          notes.focus()
          getSelection()!.setBaseAndExtent(notes.firstChild!, 9, notes.firstChild!, 5)
        }),
    ],
    ['inner', () => page.locator('#inner').focus()],
    ['inner-text', () => page.frameLocator('#frame').locator('#inner-text').focus()],
  ]
  for (const [id, go] of places) {
    await go()
    const before = await selected()
    await untilWarned(context, tab)
    expect(await focused(tab.run)).toBe('stay')
    await page.keyboard.press('Enter')
    await expect(tab.dialog).toBeHidden()
    expect(await focused(tab.run), id).toBe(id)
    expect(await selected(), id).toEqual(before)
  }
})

test('Tab goes round within the dialog, and nothing behind it is reached', async ({ tabs, context }) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  await tab.signIn()
  await untilWarned(context, tab)
  const reached: string[] = []
  for (const key of ['Tab', 'Shift+Tab', 'Tab', 'Tab', 'Tab', 'Tab']) {
    await tab.page.keyboard.press(key)
    reached.push(await focused(tab.run))
  }
  expect(reached.slice(0, 3)).toEqual(['sign-out', 'stay', 'sign-out'])
  // Behind the last of them is the browser itself.
  expect(reached.filter((id) => id && id !== 'stay' && id !== 'sign-out')).toEqual([])
  await tab.leave.click()
  await expect(tab.dialog).toBeHidden()
  expect(await tab.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
})

test('S55 an answer in one tab closes the dialog in every tab', { tag: '@chromium' }, async ({ tabs, context }) => {
  await context.clock.install()
  const one = await openDialogTab(tabs)
  const two = await openDialogTab(tabs)
  await one.signIn()
  await two.next('signedIn')
  await untilWarned(context, one, two)
  await two.stay.click()
  await Promise.all([one, two].map(({ dialog }) => expect(dialog).toBeHidden()))
  await Promise.all([one, two].map(isActive))
  await untilWarned(context, one, two)
  await one.leave.click()
  await Promise.all([one, two].map(({ dialog }) => expect(dialog).toBeHidden()))
  expect(await two.phase()).toBe('signedOut')
})

test(
  'S54 a page that wakes past the end never shows the dialog, and "stay" on an open one revives nothing',
  { tag: '@chromium' },
  async ({ tabs }) => {
    const options = { idleTimeout: '15m', warnBefore: '2m' } as const
    const [open, closed] = [await openDialogTab(tabs, { options }), await openDialogTab(tabs, { options })]
    await open.signIn()
    await closed.next('signedIn')
    await open.shiftClock(13.5 * MINUTE)
    await open.page.evaluate(() => window.harness.session.check())
    await expect(open.dialog).toBeVisible()
    await pause(MOMENT)
    await closed.page.evaluate(() => {
      HTMLDialogElement.prototype.showModal = () => {
        document.title = 'shown'
      }
    })
    for (const tab of [open, closed]) await tab.shiftClock(3_600_000)
    await open.page.keyboard.press('Enter')
    await closed.page.locator('#name').click()
    for (const tab of [open, closed]) {
      await expect(tab.dialog).toBeHidden()
      expect(await tab.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'idle' })
      expect(await tab.events('extended')).toEqual([])
    }
    expect(await closed.page.title()).toBe('Claim')
  },
)

test('the remaining time is announced at coarse marks, never each second (4.1.3)', async ({ tabs, context }) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  // A clock that runs may go on between the moment in which the session looks at it and the one in which it sets its timer.
  await stopClocks(context)
  await tab.signIn()
  await context.clock.pauseAt((await tab.deadlines())!.warnAt)
  await expect(tab.dialog).toBeVisible()
  await context.clock.runFor(118_000)
  const said = await tab.page.evaluate(() => window.said)
  expect(said.map((words) => /in (.*)\./.exec(words)?.[1])).toEqual([
    '2 minutes',
    '1 minute',
    '40 seconds',
    '20 seconds',
  ])
  // The visible countdown goes on, hidden from assistive technology.
  const message = tab.page.locator('.sojourn-dialog #message')
  await expect(message).toHaveText(/ [12] seconds?\.$/)
  await expect(message).toHaveAttribute('aria-hidden', 'true')
})

test(
  '"stay" waits for the server, and says so when it could not be reached',
  { tag: '@chromium' },
  async ({ tabs, context, tokens }) => {
    await context.clock.install()
    const tab = await openDialogTab(tabs, { server: 'oauth', keepAlive: true })
    await tab.signIn(tokens.issue({ accessLife: 3600 }))
    let reach: () => void = () => undefined
    const reached = new Promise<void>((resolve) => (reach = resolve))
    let asked = 0
    await tab.page.route('**/alive', async (route) => {
      if (++asked === 1) return route.abort()
      await reached
      return route.continue()
    })
    await untilWarned(context, tab)
    await tab.page.keyboard.press('Enter')
    const problem = tab.page.getByRole('alert')
    await expect(problem).toHaveText('The server could not be reached. Please try again.')
    await expect(tab.dialog).toBeVisible()
    expect(await focused(tab.run)).toBe('stay')
    expect((await audit(tab.run)).found).toEqual([])
    await tab.page.keyboard.press('Escape')
    await expect(tab.stay).toHaveAttribute('aria-disabled', 'true')
    // A second one while the first is on its way, which Chromium would close the dialog with.
    await tab.page.keyboard.press('Escape')
    await expect(problem).toHaveText('')
    await expect(tab.dialog).toBeVisible()
    reach()
    await expect(tab.dialog).toBeHidden()
    await isActive(tab)
    // The session itself may have tried again meanwhile.
    expect(asked).toBeGreaterThan(1)
  },
)

test(
  'a limit that cannot be extended has its own text, and can be dismissed',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const tab = await openDialogTab(tabs, { options: { idleTimeout: false, absoluteTimeout: '15m' } })
    await tab.signIn()
    await tab.page.locator('#story').focus()
    await untilWarned(context, tab)
    await expect(tab.dialog).toHaveAccessibleDescription(/cannot stay any longer/)
    await expect(tab.stay).toHaveText('OK')
    expect((await audit(tab.run)).found).toEqual([])
    await tab.page.keyboard.press('Enter')
    await expect(tab.dialog).toBeHidden()
    // Time to save what one has.
    expect(await focused(tab.run)).toBe('story')
    await context.clock.runFor(20_000)
    await expect(tab.dialog).toBeHidden()
    expect(await tab.phase()).toBe('warning')
  },
)

/** What is there for a hand and an eye: sizes, and whether what has the focus is cut off or covered. */
const measure = (page: Page): Promise<{ sizes: number[]; inside: boolean; uncovered: boolean; scrolls: boolean }> =>
  page.evaluate(() => {
    const root = document.querySelector('.sojourn-dialog')!.shadowRoot!
    const dialog = root.querySelector('dialog')!
    const box = dialog.getBoundingClientRect()
    const buttons = [...root.querySelectorAll('button')]
    const { clientWidth, clientHeight } = document.documentElement
    return {
      sizes: buttons.flatMap((button) => [button.offsetWidth, button.offsetHeight]),
      inside: box.left >= 0 && box.top >= 0 && box.right <= clientWidth && box.bottom <= clientHeight,
      uncovered: buttons.every((button) => {
        button.focus()
        const { left, top, width, height } = button.getBoundingClientRect()
        return [0.1, 0.5, 0.9].every(
          (part) => root.elementFromPoint(left + width * part, top + height * part) === button,
        )
      }),
      scrolls: dialog.scrollWidth > dialog.clientWidth || dialog.scrollHeight > dialog.clientHeight,
    }
  })

/** What is asked of the open dialog, however it is looked at. */
async function expectAccessible(tab: DialogTab, viewport = { width: 1280, height: 720 }): Promise<void> {
  await tab.page.setViewportSize(viewport)
  const { found, unsure, tried } = await audit(tab.run)
  expect(found).toEqual([])
  expect(unsure).toEqual([])
  expect(tried).toEqual(expect.arrayContaining(['aria-dialog-name', 'color-contrast', 'target-size']))
  const { sizes, ...rest } = await measure(tab.page)
  for (const size of sizes) expect(size).toBeGreaterThanOrEqual(24)
  expect(rest).toEqual({ inside: true, uncovered: true, scrolls: false })
  // Nothing moves, whatever a person prefers.
  expect(await tab.page.evaluate(() => document.getAnimations().length)).toBe(0)
}

test('nothing to find for axe-core, targets are large enough, nothing is covered (2.5.8, 2.4.11)', async ({
  tabs,
  context,
}) => {
  await context.clock.install()
  const tab = await openDialogTab(tabs)
  await tab.signIn()
  await untilWarned(context, tab)
  for (const scheme of ['light', 'dark'])
    await test.step(scheme, async () => {
      await tab.page.evaluate((value) => (document.documentElement.style.colorScheme = value), scheme)
      await expectAccessible(tab)
    })
  await test.step('on a narrow phone', () => expectAccessible(tab, { width: 320, height: 568 }))
  await test.step('at 400 % zoom of a laptop (1.4.10)', () => expectAccessible(tab, { width: 320, height: 256 }))
})

test(
  'axe-core finds nothing in browsers without constructed style sheets',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const tab = await openDialogTab(tabs, {}, { withoutConstructedSheets: true })
    await tab.signIn()
    await untilWarned(context, tab)
    await expectAccessible(tab)
  },
)

test(
  'axe-core finds nothing from right to left, with "stay" first and the texts of the locale',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const tab = await openDialogTab(tabs, {}, arabic)
    await tab.signIn()
    await untilWarned(context, tab)
    await expectAccessible(tab)
    const [stay, signOut] = [(await tab.stay.boundingBox())!, (await tab.leave.boundingBox())!]
    expect(stay.x).toBeGreaterThan(signOut.x)
    await expect(tab.dialog).toHaveAccessibleName('هل ما زلت هنا؟')
    await expect(tab.dialog).toHaveAccessibleDescription(/خلال دقيقة/)
  },
)

test('S75 a page with an open dialog comes back from the page cache with the right remaining time', async ({
  tabs,
}) => {
  const tab = await openDialogTab(tabs, { options: { idleTimeout: '15m', warnBefore: '2m' } })
  const { page } = tab
  await tab.signIn()
  await tab.shiftClock(13.2 * MINUTE)
  await page.evaluate(() => window.harness.session.check())
  await expect(tab.dialog).toBeVisible()
  // As if a minute had passed while it was away.
  await page.evaluate(() => addEventListener('pagehide', () => window.harness.shiftClock(60_000)))
  await page.goto(new URL('/away', page.url()).href)
  await goBack(page)
  // A locator would wait for a navigation that never ends.
  const shown = (): Promise<string | null> =>
    page
      .evaluate(() => {
        const root = document.querySelector('.sojourn-dialog')?.shadowRoot
        return root?.querySelector('dialog')?.open ? root.querySelector('#message')!.textContent : null
      })
      .catch(() => null)
  const isBack = async (): Promise<unknown> => (await tab.returns().catch(() => [])).at(-1)?.persisted
  await expect.poll(isBack).toBe(true)
  await expect.poll(shown).toMatch(/ in [34]\d seconds\.$/)
  expect(await focused(tab.run)).toBe('stay')
  await pause(MOMENT)
  await page.keyboard.press('Enter')
  await expect.poll(shown).toBeNull()
  expect(await tab.phase()).toBe('active')
})
