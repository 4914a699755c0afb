/** Windows that the page fills itself. */
import type { Page } from '@playwright/test'
import { anHour, expectActivity, expectNoActivity } from './activity-kinds.js'
import { expect, test, type Tab } from './fixtures.js'

test.beforeEach(async ({ context }) => {
  await context.clock.install()
})

type Popped = Window & { popped?: Window; unwatch?: () => void }

/** Opens an empty window at a click, and puts a field, a button and a frame of this origin into it. */
async function popOut(tab: Tab): Promise<Page> {
  await tab.page.evaluate(() => {
    document.querySelector('#press')?.addEventListener(
      'click',
      () => {
        const popup = window.open('', '', 'popup,width=400,height=300')
        if (!popup) throw new Error('no window')
        ;(window as Popped).popped = popup
        for (const [name, id] of [
          ['input', 'field'],
          ['button', 'go'],
        ] as const)
          popup.document.body.append(Object.assign(popup.document.createElement(name), { id }))
        const frame = popup.document.createElement('iframe')
        frame.src = `${location.origin}/inner`
        frame.id = 'frame'
        popup.document.body.append(frame)
      },
      { once: true },
    )
  })
  const opened = tab.page.context().waitForEvent('page')
  await tab.click()
  const popup = await opened
  await popup.frameLocator('#frame').locator('#inner-text').waitFor()
  return popup
}

const watch = (tab: Tab): Promise<void> =>
  tab.page.evaluate(() => {
    const page = window as Popped
    if (!page.popped) throw new Error('no window')
    page.unwatch = window.harness.session.watch(page.popped)
  })

test('S95 input in a window that the page fills itself counts if the session watches it', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  const popup = await popOut(tab)
  await popup.locator('#field').focus()
  await expectNoActivity(tab, () => popup.keyboard.press('a'))
  await watch(tab)
  await expectActivity(tab, () => popup.keyboard.press('b'))
  await expectActivity(tab, () => popup.mouse.click(20, 20))
  const inner = popup.frameLocator('#frame').locator('#inner-text')
  await expectActivity(tab, () => inner.click())
  await expectActivity(tab, () => popup.keyboard.press('c'))
  await tab.page.evaluate(() => (window as Popped).unwatch?.())
  await expectNoActivity(tab, () => popup.keyboard.press('d'))
})

test('S95 input counts in a watched window that is written anew', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  const popup = await popOut(tab)
  await watch(tab)
  for (const text of ['first', 'second']) {
    await tab.page.evaluate((id) => {
      const { document } = (window as Popped).popped!
      document.open()
      document.close()
      document.body.append(Object.assign(document.createElement('input'), { id }))
    }, text)
    await popup.locator(`#${text}`).focus()
    await expectActivity(tab, () => popup.keyboard.press('a'))
  }
})

test('S95 scripted input in a watched window is not activity', async ({ tabs }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  await popOut(tab)
  await watch(tab)
  await expectNoActivity(tab, () =>
    tab.page.evaluate(() => {
      const { document } = (window as Popped).popped ?? window
      const box = document.body.appendChild(document.createElement('input'))
      box.type = 'checkbox'
      box.click()
    }),
  )
})

test('S95 a watched window may be closed, and navigate to another site', async ({ tabs, server }) => {
  const tab = await tabs.open(anHour, { path: '/framed' })
  await tab.signIn()
  const popup = await popOut(tab)
  await watch(tab)
  await popup.goto(`${server.otherOrigin}/inner`)
  await expectActivity(tab, () => tab.click())
  const refused = await tab.page.evaluate(() => {
    const { popped } = window as Popped
    try {
      window.harness.session.watch(popped ?? window)
      return 'watched'
    } catch (error) {
      return (error as { code?: string }).code
    }
  })
  expect(refused).toBe('invalid_options')
  await popup.close()
  await expectActivity(tab, () => tab.click())
  await tab.page.evaluate(() => {
    const { popped } = window as Popped
    if (popped) window.harness.session.watch(popped)()
  })
  await tab.signOut()
})
