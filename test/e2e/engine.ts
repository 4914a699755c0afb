/** One kind of page for all three engines: Playwright drives two of them, WebDriver the third. */
import { fileURLToPath } from 'node:url'
import type {
  BrowserContext,
  Page,
  PlaywrightTestOptions,
  PlaywrightWorkerArgs,
  PlaywrightWorkerOptions,
} from '@playwright/test'
import { runIn } from './fixtures.js'
import { goBack, type Run } from './tab.js'
import { startDriver, type Browser } from './webkit/driver.js'

export type EngineName = 'chromium' | 'firefox' | 'webkit'

/** A tab, as the engine's driver has it. */
export interface Driven {
  readonly run: Run
  /** The same in a frame of the page. */
  readonly runInFrame: (frame: string) => Run
  goTo(url: string): Promise<void>
  /** Back in the tab's history, as a user goes; does not wait until the page is there. */
  back(): Promise<void>
  reload(): Promise<void>
  close(): Promise<void>
  /** Brings it to the front. */
  show(): Promise<void>
  click(selector: string): Promise<void>
  /** Clicks of the mouse at a place of the viewport, whatever lies there, one right after the other. */
  clickAt(x: number, y: number, times?: number): Promise<void>
  clickInFrame(frame: string, selector: string): Promise<void>
  press(key: string): Promise<void>
  /** Playwright's, where it drives. */
  readonly page: Page | null
}

/** A browser with an empty profile. */
export interface Profile {
  newTab(): Promise<Driven>
  close(): Promise<void>
}

export interface Engine {
  readonly name: EngineName
  newProfile(): Promise<Profile>
  stop(): Promise<void>
}

type Settings = Partial<
  Pick<PlaywrightWorkerOptions, 'launchOptions' | 'channel'> & Pick<PlaywrightTestOptions, 'contextOptions'>
>

/** An engine by its project's settings. */
export async function startEngine(
  name: EngineName,
  playwright: PlaywrightWorkerArgs['playwright'],
  { launchOptions, contextOptions, channel }: Settings,
): Promise<Engine> {
  if (name === 'webkit') {
    const driver = await startDriver()
    return {
      name,
      newProfile: async () => profileOfWebkit(await driver.newBrowser()),
      stop: () => driver.stop(),
    }
  }
  const browser = await playwright[name].launch({
    ...launchOptions,
    ...(channel === undefined ? {} : { channel }),
    ...(name === 'firefox' && { executablePath: fileURLToPath(new URL('firefox.sh', import.meta.url)) }),
  })
  return {
    name,
    newProfile: async () => profileOf(await browser.newContext({ ...contextOptions, ignoreHTTPSErrors: true })),
    stop: () => browser.close(),
  }
}

export function profileOf(context: BrowserContext): Profile {
  return {
    newTab: async () => drivenByPlaywright(await context.newPage()),
    close: () => context.close(),
  }
}

function drivenByPlaywright(page: Page): Driven {
  return {
    page,
    run: runIn(page),
    runInFrame: (frame) => async (work, argument) => {
      const inner = await page.locator(frame).elementHandle()
      return (await inner.contentFrame())?.evaluate(work as (argument: unknown) => never, argument) as never
    },
    async goTo(url) {
      await page.goto(url)
    },
    back: () => goBack(page),
    async reload() {
      await page.reload()
    },
    close: () => page.close(),
    show: () => page.bringToFront(),
    click: (selector) => page.locator(selector).click(),
    clickAt: (x, y, times = 1) => page.mouse.click(x, y, { clickCount: times }),
    clickInFrame: (frame, selector) => page.frameLocator(frame).locator(selector).click(),
    press: (key) => page.keyboard.press(key),
  }
}

/** The driver looks at one window at a time: all that is asked of one browser stands in one line. */
function profileOfWebkit(browser: Browser): Profile {
  let last: Promise<unknown> = Promise.resolve()
  let windows = 0
  const inLine = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work)
    last = mine
    return mine
  }
  return {
    newTab: () =>
      inLine(async () => {
        const handle = windows++ === 0 ? await browser.window() : await browser.newWindow()
        const here = <T>(work: () => Promise<T>): Promise<T> =>
          inLine(async () => {
            await browser.switchTo(handle)
            return work()
          })
        const inFrame = <T>(frame: string, work: () => Promise<T>): Promise<T> =>
          here(async () => {
            await browser.enterFrame(frame)
            return work().finally(() => browser.leaveFrame())
          })
        return {
          page: null,
          run: runByTickets(here, browser),
          runInFrame: (frame) => runByTickets((work) => inFrame(frame, work), browser),
          goTo: (url) => here(() => browser.goTo(url)),
          back: () => here(() => browser.back()),
          reload: () => here(() => browser.reload()),
          close: () => here(() => browser.closeWindow()),
          show: () => here(async () => undefined),
          click: (selector) => here(() => browser.click(selector)),
          clickAt: (x, y, times) => here(() => browser.clickAt(x, y, times)),
          clickInFrame: (frame, selector) => inFrame(frame, () => browser.click(selector)),
          press: (key) => here(() => browser.press(key)),
        }
      }),
    close: () => inLine(() => browser.quit()),
  }
}

/** What a page answers to a ticket: nothing yet, or how the work ended. */
type Answer<T> = { value: T } | { error: string } | null

/** Work may wait for what another window does, so nothing waits in line: the page keeps the result until it is fetched. */
function runByTickets(here: <T>(work: () => Promise<T>) => Promise<T>, browser: Browser): Run {
  let tickets = 0
  return async (work, argument) => {
    const ticket = String(tickets++)
    type Result = Awaited<ReturnType<typeof work>>
    let answer = await here(() =>
      browser.run<Answer<Result>>(
        `const kept = window[Symbol.for('kept')] ??= {}
        ;(async () => (${String(work)})(${literal(argument)}))().then(
          (value) => { kept[args[0]] = { value } },
          (error) => { kept[args[0]] = { error: String(error) } },
        )
        for (let turn = 0; turn < 10; turn++) await null
        return kept[args[0]] ?? null`,
        ticket,
      ),
    )
    while (!answer) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      answer = await here(() =>
        browser.run<Answer<Result>>(
          `const kept = window[Symbol.for('kept')]
          return kept ? kept[args[0]] ?? null : { error: 'the page has gone meanwhile' }`,
          ticket,
        ),
      )
    }
    if ('error' in answer) throw new Error(answer.error)
    return answer.value
  }
}

/** A value as source text, with what JSON leaves out. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(',')}]`
  return value === undefined ? 'undefined' : JSON.stringify(value)
}
