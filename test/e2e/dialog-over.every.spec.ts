/**
 * The warning over the modals of other libraries, and in pages that hide it: seen, and answered, in every engine.
 * `npm test` runs one of each kind, and `npm run test:all` runs all.
 */
import { focused } from './dialogs.js'
import { expect, pause, test, type AnyTab, type AnyTabs } from './every.js'
import type { DialogConfig } from './pages/dialog.js'
import type { ModalName } from './pages/modals.js'

/** So long a person has the dialog before them: the first moment, in which nothing is an answer, is over. */
const READING = 1000

/** The variants that run by `npm run test:all` only are tagged. */
const tagged = <T extends string>(all: Readonly<Record<T, 'short' | 'long'>>): [T, { tag: string[] }][] =>
  (Object.keys(all) as T[]).map((name) => [name, { tag: all[name] === 'long' ? ['@long'] : [] }])

/** As WebDriver has them, where Playwright does not drive. */
const codes: Record<string, string> = { Enter: '\uE007', Escape: '\uE00C', Space: ' ', Tab: '\uE004' }
const press = (tab: AnyTab, key: string): Promise<void> => tab.press(tab.page ? key : (codes[key] ?? key))

const open = (tabs: AnyTabs, dialog: DialogConfig = {}): Promise<AnyTab> =>
  tabs.open(
    { options: { idleTimeout: '15m', warnBefore: '2m' }, server: 'none' },
    { path: '/modals', search: { dialog } },
  )

interface Seen {
  readonly open: boolean
  /** Whether a mouse would hit it: in the middle of the dialog, and of each button. */
  readonly hit: boolean[]
  readonly hidden: boolean
  readonly stay: { readonly x: number; readonly y: number }
  readonly signOut: { readonly x: number; readonly y: number }
}

/** What a person sees of it, from outside. */
const look = ({ run }: AnyTab): Promise<Seen> =>
  run(() => {
    const find = (root: ParentNode): Element | null => {
      for (const element of root.querySelectorAll('*')) {
        const found = element.matches('.sojourn-dialog') ? element : element.shadowRoot && find(element.shadowRoot)
        if (found) return found
      }
      return null
    }
    const host = find(document)
    const root = host?.shadowRoot
    if (!host || !root) throw new Error('There is no dialog.')
    const middle = (id: string): { x: number; y: number } => {
      const { left, top, width, height } = root.querySelector(`#${id}`)!.getBoundingClientRect()
      return { x: left + width / 2, y: top + height / 2 }
    }
    const isHit = (id: string): boolean => {
      const { x, y } = middle(id)
      let hit = document.elementFromPoint(x, y)
      while (hit && hit !== host && hit.shadowRoot) hit = hit.shadowRoot.elementFromPoint(x, y)
      return hit === host && root.querySelector(`#${id}`)!.getBoundingClientRect().width > 0
    }
    return {
      open: root.querySelector('dialog')!.open,
      hit: ['dialog', 'stay', 'sign-out'].map(isHit),
      // A modal dialog is not inert where something around it is.
      hidden: !!host.closest('[aria-hidden=true]') || host.hasAttribute('inert'),
      stay: middle('stay'),
      signOut: middle('sign-out'),
    }
  })

const expectSeen = async (tab: AnyTab): Promise<void> =>
  expect
    .poll(async () => {
      const { open, hit, hidden } = await look(tab)
      return { open, hit, hidden }
    })
    .toEqual({ open: true, hit: [true, true, true], hidden: false })

/** What is inert is hit through, though it is seen: the order says what lies on top. */
const expectOnTop = (tab: AnyTab): Promise<void> =>
  expect.poll(() => tab.run(() => window.topLayer.at(-1))).toBe('showModal dialog')

/** Lets 13.5 idle minutes pass, and then the moment in which a person reads. */
async function warn(tab: AnyTab): Promise<void> {
  await tab.shiftClock(13.5 * 60_000)
  await tab.run(() => void window.harness.session.check())
  await expectSeen(tab)
  await pause(READING)
}

const answers: Record<string, (tab: AnyTab) => Promise<void>> = {
  click: async (tab) => {
    const { x, y } = (await look(tab)).stay
    await tab.clickAt(x, y)
  },
  Enter: (tab) => press(tab, 'Enter'),
  Space: (tab) => press(tab, 'Space'),
  Escape: (tab) => press(tab, 'Escape'),
}

const leaves: Record<string, (tab: AnyTab) => Promise<void>> = {
  click: async (tab) => {
    const { x, y } = (await look(tab)).signOut
    await tab.clickAt(x, y)
  },
  keys: async (tab) => {
    await press(tab, 'Tab')
    await press(tab, 'Enter')
  },
}

const isDismissed = (tab: AnyTab): Promise<void> => expect.poll(async () => (await look(tab)).open).toBe(false)

/** The page's own modal is as it was: with what was typed into it, and with the focus. */
async function expectWork(tab: AnyTab): Promise<void> {
  expect(await tab.run(() => document.querySelector<HTMLInputElement>('#work')?.value)).toBe('unsaved')
  expect(await focused(tab.run)).toBe('work')
  expect(await tab.run(() => window.pageHeard.splice(0))).toEqual([])
}

/** Of those that hide, make inert and swallow, of the browser's own, and of those that swallow everything, one each. */
const modals = tagged<ModalName>({
  radix: 'short',
  headless: 'long',
  trap: 'long',
  'open-trap': 'long',
  native: 'short',
  popover: 'long',
  thorough: 'long',
})
// There an open modal of the library took all clicks from what another library showed above it, or swallowed them, or hid it from
// assistive technology.
test.describe('radix-ui/primitives#2122, radix-ui/primitives#2219, Expensify/App#93281, mxenabled/mx-react-components#690, theKashey/aria-hidden#1', () => {
  for (const [name, details] of modals) {
    test(`S91 the warning is answered over an open modal (${name}), which stays`, details, async ({ tabs }) => {
      const tab = await open(tabs)
      await tab.signIn()
      await tab.run((which) => window.openModal(which), name)
      for (const [how, answer] of Object.entries(answers))
        await test.step(how, async () => {
          await warn(tab)
          expect(await focused(tab.run)).toBe('stay')
          await answer(tab)
          await isDismissed(tab)
          expect(await tab.phase()).toBe('active')
          await expectWork(tab)
        })
      for (const [how, leave] of Object.entries(leaves))
        await test.step(`sign-out by ${how}`, async () => {
          await tab.signIn()
          await warn(tab)
          await leave(tab)
          await isDismissed(tab)
          expect(await tab.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
          await expectWork(tab)
        })
    })
  }
})

// There whatever came into the top layer later lay above, and what lay below a modal could be seen at most, not used.
test.describe('wet-boew/wet-boew#7632, livewire/flux#1900, whatwg/html#10370', () => {
  for (const [name, details] of tagged({
    native: 'short',
    popover: 'short',
    headless: 'long',
    radix: 'long',
  } as const)) {
    const title = `S91 the warning is on top of a modal that the page opens later (${name}), which stays`
    test(title, details, async ({ tabs }) => {
      const tab = await open(tabs)
      await tab.signIn()
      await warn(tab)
      await tab.run((which) => window.openModal(which), name)
      await expectOnTop(tab)
      await expectSeen(tab)
      expect(await focused(tab.run)).toBe('stay')
      await pause(READING)
      await press(tab, 'Enter')
      await isDismissed(tab)
      expect(await tab.phase()).toBe('active')
      expect(await tab.run(() => document.querySelector<HTMLInputElement>('#work')?.value)).toBe('unsaved')
      // A browser takes the focus from what is no longer rendered with its next frame.
      await expect.poll(() => focused(tab.run)).toBe(name === 'native' ? 'work' : '')
    })
  }
})

// There a modal dialog in a container that is not rendered locked the page, without a visible cause; in one that had left the document
// it could not be opened.
test.describe('whatwg/html#12287, rpearce/react-medium-image-zoom#429', () => {
  for (const [container, details] of tagged({
    plain: 'long',
    hidden: 'long',
    invisible: 'long',
    transparent: 'long',
    skipped: 'long',
    details: 'long',
    'closed dialog': 'short',
    detached: 'long',
    inert: 'long',
    'aria-hidden': 'long',
    'in a shadow tree': 'short',
  } as const))
    test(`S91 the warning is seen where its container is ${container}`, details, async ({ tabs }) => {
      const tab = await open(tabs, { container })
      await tab.signIn()
      await warn(tab)
      await answers['click']!(tab)
      await isDismissed(tab)
      expect(await tab.phase()).toBe('active')
    })

  for (const [css, details] of tagged({
    'div:empty { display: none }': 'long',
    'body > div { display: none !important }': 'long',
    'body > :not(main) { display: none !important }': 'long',
    '[class], div { visibility: hidden !important; opacity: 0 !important }': 'short',
    'body { pointer-events: none; font-size: 0; text-indent: -9999px; white-space: nowrap }': 'long',
    'body * { pointer-events: none !important }': 'long',
    'body { visibility: hidden }': 'long',
    'body { content-visibility: hidden }': 'long',
    'body { display: none }': 'short',
  } as const))
    test(`S91 the warning is seen in a page with ${css}`, details, async ({ tabs }) => {
      const tab = await open(tabs, { css })
      await tab.signIn()
      await warn(tab)
      await answers['click']!(tab)
      await isDismissed(tab)
      expect(await tab.phase()).toBe('active')
    })
})
