/** Input that only the DevTools protocol can make. */
import type { CDPSession } from '@playwright/test'
import { anHour, expectActivity, expectNoActivity } from './activity-kinds.js'
import { test, type Tab } from './fixtures.js'

test.beforeEach(async ({ context }) => {
  await context.clock.install()
})

const inputs: { what: string; input: (cdp: CDPSession) => Promise<unknown> }[] = [
  {
    what: 'a finger that touches',
    input: async (cdp) => {
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: 60, y: 300 }] })
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    },
  },
  {
    what: 'a finger that moves',
    input: async (cdp) => {
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: 60, y: 300 }] })
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x: 60, y: 250 }] })
      await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    },
  },
  {
    what: 'a pen that moves',
    input: async (cdp) => {
      for (const x of [40, 60, 80]) {
        await cdp.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y: 300, pointerType: 'pen' })
      }
    },
  },
  {
    what: 'a pen that touches',
    input: async (cdp) => {
      const at = { x: 60, y: 300, button: 'left' as const, clickCount: 1, pointerType: 'pen' as const }
      await cdp.send('Input.dispatchMouseEvent', { ...at, type: 'mousePressed' })
      await cdp.send('Input.dispatchMouseEvent', { ...at, type: 'mouseReleased' })
    },
  },
  {
    what: 'typing by an input method',
    input: (cdp) => cdp.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 }),
  },
  {
    what: 'text that comes without keys, as from dictation,',
    input: (cdp) => cdp.send('Input.insertText', { text: 'dictated' }),
  },
  {
    what: 'a file that is dragged in from elsewhere',
    input: async (cdp) => {
      const data = { items: [], files: ['/report.txt'], dragOperationsMask: 1 }
      for (const type of ['dragEnter', 'dragOver', 'dragOver'] as const) {
        await cdp.send('Input.dispatchDragEvent', { type, x: 60, y: 300, data })
      }
    },
  },
]

async function connect({ page }: Tab): Promise<CDPSession> {
  return page.context().newCDPSession(page)
}

for (const { what, input } of inputs) {
  test(`S60 ${what} counts as activity`, async ({ tabs }) => {
    const tab = await tabs.open(anHour)
    await tab.signIn()
    await tab.page.locator('#text').focus()
    const cdp = await connect(tab)
    await expectActivity(tab, () => input(cdp))
  })
}

test('S60 a mouse event in place is not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour)
  await tab.signIn()
  const cdp = await connect(tab)
  const still = { type: 'mouseMoved', x: 60, y: 300 } as const
  await cdp.send('Input.dispatchMouseEvent', still)
  await expectNoActivity(tab, async () => {
    for (let time = 0; time < 5; time++) await cdp.send('Input.dispatchMouseEvent', still)
  })
})
