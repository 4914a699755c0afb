/**
 * Chromium by its own protocol alone. It prerenders nothing for a page that a debugger is attached to, as Playwright's is to each
 * (`PrerenderingDisabledByDevTools`), unless the debugger came by the tab that the page is in: so this one does.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { expect } from '@playwright/test'
import { chromiumPath } from './browsers.js'
import { literal } from './engine.js'
import type { Run } from './tab.js'

/** A document in a tab: the one that is shown, or one that is prerendered. */
export interface Place {
  readonly run: Run
}

export interface RawTab extends Place {
  goTo(url: string): Promise<void>
  /** A person clicks on it. */
  click(selector: string): Promise<void>
  /** The page that this tab prerenders, as soon as it is there. What is shown when it is opened is still this place. */
  prerendered(): Promise<Place>
}

export interface PrerenderingChromium {
  newTab(): Promise<RawTab>
  /** What the consoles of all pages have shown, and what they have not caught. */
  readonly lines: readonly string[]
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: unknown
}

interface Target {
  readonly targetId: string
  readonly type: string
  readonly subtype?: string
}

type Send = (method: string, params?: object, session?: string) => Promise<Record<string, unknown>>

/** The protocol over a pipe: JSON, with a zero behind each message. */
function connect(input: Duplex, output: Duplex, onEvent: (message: Message) => void): Send {
  const waiting = new Map<number, (message: Message) => void>()
  let ids = 0
  let rest = ''
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0')
    rest = messages.pop() ?? ''
    for (const text of messages) {
      const message = JSON.parse(text) as Message
      const { id } = message
      if (id === undefined) onEvent(message)
      else {
        waiting.get(id)?.(message)
        waiting.delete(id)
      }
    }
  })
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++ids
      waiting.set(id, ({ result, error }) => {
        if (result) resolve(result)
        else reject(new Error(`${method}: ${JSON.stringify(error)}`))
      })
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
}

const runBy =
  (send: Send, session: () => string): Run =>
  async (work, argument) => {
    const expression = `(${work.toString()})(${literal(argument)})`
    const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, session())
    const { result, exceptionDetails } = answer as { result: { value?: unknown }; exceptionDetails?: unknown }
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return result.value as never
  }

function createBrowser(send: Send, lines: string[]): PrerenderingChromium & { onEvent: (message: Message) => void } {
  /** The pages of each tab, by the tab's own session: first the one that is shown. */
  const pages = new Map<string, { readonly session: string; readonly target: Target }[]>()
  const settled = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => lines.push(`uncaught: ${String(error)}`))
  }

  const onEvent = ({ method, params, sessionId: parent = '' }: Message): void => {
    const { sessionId = '', targetInfo } = { ...params } as { sessionId?: string; targetInfo?: Target }
    if (method === 'Target.attachedToTarget' && targetInfo?.type === 'page') {
      pages.get(parent)?.push({ session: sessionId, target: targetInfo })
      settled(send('Runtime.enable', {}, sessionId))
    }
    if (method === 'Target.detachedFromTarget')
      for (const [tab, all] of pages)
        pages.set(
          tab,
          all.filter(({ session }) => session !== sessionId),
        )
    if (method === 'Runtime.consoleAPICalled') lines.push(JSON.stringify(params?.['args']))
    if (method === 'Runtime.exceptionThrown') lines.push(`uncaught: ${JSON.stringify(params)}`)
  }

  return {
    lines,
    onEvent,
    async newTab() {
      // In a window of its own, so that none lies behind another.
      const created = await send('Target.createTarget', { url: 'about:blank', newWindow: true, forTab: true })
      const tab = String(
        (await send('Target.attachToTarget', { targetId: created['targetId'], flatten: true }))['sessionId'],
      )
      pages.set(tab, [])
      await send(
        'Target.setAutoAttach',
        { autoAttach: true, waitForDebuggerOnStart: false, flatten: true, filter: [{}] },
        tab,
      )
      const find = (subtype?: string): string | undefined =>
        pages.get(tab)?.find(({ target }) => target.subtype === subtype)?.session
      await expect.poll(() => find()).toBeTruthy()
      const shown = (): string => find() ?? find('prerender') ?? ''
      const run = runBy(send, shown)
      const arrived = (isThere: Run): Promise<unknown> =>
        expect.poll(() => isThere(() => 'harness' in window || 'seat' in window).catch(() => false)).toBe(true)
      return {
        run,
        async goTo(url) {
          await send('Page.navigate', { url }, shown())
          await arrived(run)
        },
        async click(selector) {
          const at = await run((name) => {
            const { x, y } = document.querySelector(name)?.getBoundingClientRect() ?? { x: 0, y: 0 }
            return { x: x + 3, y: y + 3 }
          }, selector)
          for (const type of ['mousePressed', 'mouseReleased'])
            await send('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 }, shown())
        },
        async prerendered() {
          await expect.poll(() => find('prerender')).toBeTruthy()
          const session = find('prerender') ?? ''
          const place = { run: runBy(send, () => session) }
          await arrived(place.run)
          return place
        },
      }
    },
  }
}

export async function withPrerendering(use: (browser: PrerenderingChromium) => Promise<void>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'sojourn-chromium-'))
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-pipe']
  const child = spawn(chromiumPath(), [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  try {
    let onEvent: (message: Message) => void = () => undefined
    const send = connect(child.stdio[3] as Duplex, child.stdio[4] as Duplex, (message) => onEvent(message))
    const browser = createBrowser(send, [])
    ;({ onEvent } = browser)
    await use(browser)
    await send('Browser.close')
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill()
    await closed
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
