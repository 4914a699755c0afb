import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type * as Sojourn from 'sojourn'
import type { warningDialog } from 'sojourn/dialog'
import { root } from '../../scripts/lib.mjs'
import { expect, test } from './fixtures.js'

type Library = typeof Sojourn & { readonly warningDialog: typeof warningDialog }

/** The script build as a micro-frontend runs it: with proxies in place of window and document, whose getters work. */
const sandboxed = async (): Promise<string> => `(() => {
  const bound = (target, own) => new Proxy(target, {
    get(_target, key) {
      if (key in own) return own[key]
      const value = Reflect.get(target, key)
      return typeof value === 'function' && !value.prototype ? value.bind(target) : value
    },
    set: (_target, key, value) => Reflect.set(target, key, value),
  })
  const documentProxy = bound(document, {})
  const own = { document: documentProxy }
  const windowProxy = bound(window, own)
  Object.assign(own, { window: windowProxy, self: windowProxy, globalThis: windowProxy })
  window.sandboxed = (function (window, self, globalThis, document) {
    ${await readFile(join(root, 'dist/sojourn.min.js'), 'utf8')}
    return Sojourn
  })(windowProxy, windowProxy, windowProxy, documentProxy)
})()`

// There an idle timer in such a page was the end of it: "Illegal invocation". The browser's own getters take no proxy.
test('Tencent/wujie#667: a micro-frontend with a proxy for a document has a session and a warning', async ({
  tabs,
  context,
}) => {
  await context.clock.install()
  const { page } = await tabs.open({ manual: true })
  await page.evaluate(await sandboxed())
  await page.evaluate(async () => {
    const { createSession, warningDialog } = (window as unknown as { sandboxed: Library }).sandboxed
    const session = createSession({ name: 'inside', idleTimeout: '15m', warnBefore: '2m' })
    Object.assign(window, { session })
    await session.signIn()
    warningDialog(session)
  })
  const endsIn = (): Promise<number> =>
    page.evaluate(() => {
      const { session } = window as unknown as { session: Sojourn.Session }
      return Math.round((session.deadlines()!.endAt - Date.now()) / 60_000)
    })

  await context.clock.fastForward('05:00')
  expect(await endsIn()).toBe(10)
  await page.locator('#press').click()
  await expect.poll(endsIn).toBe(15)

  await context.clock.fastForward('13:30')
  await expect(page.locator('.sojourn-dialog').getByRole('alertdialog')).toBeVisible()
  // A key of the first moment is no answer.
  await context.clock.runFor(2000)
  await page.keyboard.press('Enter')
  await expect.poll(endsIn).toBe(15)
})
