/** Names of elements that take the place of what a page expects under them: HTML that came from a user, in an editor, say. */
import { expect, test, type AnyTab } from './every.js'
import { leave, silence } from './page-cache.js'
import { TOKEN_MARK } from './server/token-server.js'

/** What a session library might look up. Window has most of them itself, which wins; not what it inherits from EventTarget. */
const ofWindow = [
  'fetch',
  'localStorage',
  'sessionStorage',
  'indexedDB',
  'crypto',
  'navigator',
  'performance',
  'setTimeout',
  'BroadcastChannel',
  'AbortController',
  'addEventListener',
  'removeEventListener',
  'dispatchEvent',
  'reportError',
  'sojourn',
  'Sojourn',
  '~sojourn',
  'Zone',
]
/** A document gives way to the names of its forms and images in all that it has. */
const ofDocument = [
  'hidden',
  'hasFocus',
  'activeElement',
  'documentElement',
  'addEventListener',
  'visibilityState',
  'body',
]

const clobber = ({ run }: AnyTab): Promise<void> =>
  run(
    ([ids, names]) => {
      const place = document.body
      const field = (name: string): HTMLElement =>
        Object.assign(document.createElement('input'), { name, type: 'hidden' })
      for (const id of ids) {
        const form = Object.assign(document.createElement('form'), { id })
        // As in `Zone.root`.
        form.append(field('root'))
        place.append(form)
      }
      for (const name of names) {
        const form = document.createElement('form')
        form.name = name
        // Under these names a form's fields take the place of its own members.
        form.append(field('style'), field('contentWindow'))
        place.append(form)
      }
    },
    [ofWindow, ofDocument] as const,
  )

test('a page whose elements have the names of browser features has a working session', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ options: { idleTimeout: '60m' }, manual: true })
  const other = await tabs.open({ options: { idleTimeout: '60m' } })
  await clobber(tab)
  expect(await tab.run(() => document.documentElement instanceof HTMLFormElement)).toBe(true)
  await tab.run(() => window.harness.start().then(() => null))

  await tab.signIn(tokens.issue())
  await other.next('signedIn')
  const { token } = await tab.token({ forceRefresh: true })
  expect(tokens.isLive(token ?? '')).toBe(true)
  const before = (await tab.deadlines())?.endAt ?? 0
  await tab.shiftClock(60_000)
  await tab.click('#press')
  await expect.poll(async () => (await tab.deadlines())?.endAt).toBeGreaterThanOrEqual(before + 60_000)
  expect(await tab.events('degraded')).toEqual([])

  await silence(other)
  await leave(tab, () => other.signOut(), other)
  // The page that it becomes has no such elements, and has not started its session.
  await expect
    .poll(() => tab.run(() => document.documentElement instanceof HTMLHtmlElement).catch(() => false), {
      timeout: 20_000,
    })
    .toBe(true)
  const back = (await tab.returns()).filter(({ persisted }) => persisted)
  expect(back).toHaveLength(1)
  expect(back.flatMap(({ frames }) => frames.filter(({ visible }) => visible))).toEqual([])
  expect(await other.stores()).not.toContain(TOKEN_MARK)
})
