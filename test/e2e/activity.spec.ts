import { anHour, expectActivity, expectNoActivity } from './activity-kinds.js'
import { expect, test, type Tab } from './fixtures.js'

test.beforeEach(async ({ context }) => {
  await context.clock.install()
})

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

test('S60 a pointermove event without a movement is not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await tab.page.mouse.move(60, 300)
  await tab.page.mouse.move(90, 310)
  await expectNoActivity(tab, async () => {
    await tab.page.mouse.move(90, 310)
    await tab.page.mouse.move(90, 310)
  })
})

test('S60 a locked pointer that moves is activity, as in a game', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await tab.page.evaluate(() => {
    document.querySelector('#press')?.addEventListener('click', () => {
      void document.body.requestPointerLock()
    })
  })
  await tab.click()
  await expect.poll(() => tab.page.evaluate(() => !!document.pointerLockElement)).toBe(true)
  await tab.page.mouse.move(90, 310)
  await expectActivity(tab, () => tab.page.mouse.move(190, 380))
  await expectActivity(tab, () => tab.page.mouse.move(150, 340))
})

test('S60 a pointer event of a page that loads under a resting pointer is not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  await tab.page.mouse.move(60, 300)
  await tab.page.mouse.move(90, 310)
  // It is a greeting in the page's first second.
  await tab.page.context().clock.pauseAt((await tab.page.evaluate(() => Date.now())) + 1000)
  await expectNoActivity(tab, async () => {
    // A dashboard that reloads itself in an empty office.
    for (let time = 0; time < 3; time++) {
      await tab.page.reload()
      await tab.page.mouse.move(90, 310)
    }
  })
})

test('S60 work inside a frame within a frame counts, also if the frame was added later', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  await tab.page.evaluate(async () => {
    const outer = document.querySelector<HTMLIFrameElement>('#frame')?.contentDocument
    const inner = outer?.createElement('iframe')
    if (!outer || !inner) throw new Error('no frame')
    inner.id = 'deep'
    inner.src = '/inner?deep'
    const loaded = new Promise((resolve) => inner.addEventListener('load', resolve))
    outer.body.append(inner)
    await loaded
  })
  const deep = tab.page.frameLocator('#frame').frameLocator('#deep')
  await deep.locator('#inner-text').click()
  await expectActivity(tab, () => tab.page.keyboard.type('x'))
})

test('S60 work inside a frame in a shadow tree counts, as in an editor that is a web component', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  await tab.page.evaluate(async () => {
    const host = document.createElement('div')
    const frame = document.createElement('iframe')
    frame.id = 'editor'
    frame.src = '/inner?editor'
    host.attachShadow({ mode: 'open' }).append(frame)
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
    document.body.append(host)
    await loaded
  })
  await tab.page.frameLocator('#editor').locator('#inner-text').click()
  await expectActivity(tab, () => tab.page.keyboard.type('x'))
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
  await tab.page.evaluate(() => {
    ;(window as { release?: () => void }).release = window.harness.session.hold()
  })
  const { clock } = tab.page.context()
  for (let minute = 0; minute < 120; minute += 20) await clock.runFor(20 * 60_000)
  expect(await tab.phase()).toBe('active')
  await tab.page.evaluate(() => {
    const { release } = window as { release?: () => void }
    release?.()
    release?.()
  })
  await clock.runFor(61 * 60_000)
  await tab.next('signedOut')
})
