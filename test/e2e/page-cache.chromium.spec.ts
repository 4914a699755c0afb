/** What a person sees of a page that comes back, frame by frame: only the DevTools protocol can film. */
import type { Page } from '@playwright/test'
import { expect, noTimeouts, test, type PageConfig, type Tab } from './fixtures.js'
import { goBack } from './tab.js'

/** `red`: shows what belongs to the session. `drawn`: by the page since it came back, and no picture of before. */
interface Frame {
  readonly red: boolean
  readonly drawn: boolean
}

interface Seen extends Frame {
  readonly isEnd: boolean
}

/** Films the page; `stop` lets it show green at its end, and tells of each frame until that is seen, in order. */
async function film(page: Page, viewer: Page): Promise<{ stop: () => Promise<Frame[]> }> {
  const cdp = await page.context().newCDPSession(page)
  const frames: { readonly at: number; readonly image: string }[] = []
  cdp.on('Page.screencastFrame', ({ data, sessionId, metadata }) => {
    frames.push({ at: metadata.timestamp ?? 0, image: data })
    // A page that is being left gets no message.
    void cdp.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined)
  })
  await cdp.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 })
  return {
    async stop() {
      let seen: Seen[] = []
      // Chromium sends no picture while it waits for word of two others: the page draws until one with its end has come.
      const isOver = async (): Promise<boolean> => {
        await page.evaluate(() => {
          const green = document.body.appendChild(document.createElement('p'))
          const look = { width: '100px', height: '100px', visibility: 'visible', background: 'rgb(0, 255, 0)' }
          Object.assign(green.style, look)
        })
        seen = await look()
        return seen.some(({ isEnd }) => isEnd)
      }
      await expect.poll(isOver).toBe(true)
      await cdp.send('Page.stopScreencast')
      return seen.slice(0, seen.findIndex(({ isEnd }) => isEnd) + 1)
    },
  }

  function look(): Promise<Seen[]> {
    // They do not always come in order.
    const images = frames.sort((a, b) => a.at - b.at).map(({ image }) => image)
    return viewer.evaluate(
      (all) =>
        Promise.all(
          all.map(async (image) => {
            const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${image}`)).blob())
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
            canvas?.drawImage(bitmap, 0, 0)
            const pixels = canvas?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? []
            const has = (...colour: readonly number[]): boolean => {
              for (let at = 0; at < pixels.length; at += 4)
                if (colour.every((value, part) => Math.abs((pixels[at + part] ?? 0) - value) < 50)) return true
              return false
            }
            return { red: has(255, 0, 0), drawn: has(255, 0, 255), isEnd: has(0, 255, 0) }
          }),
        ),
      images,
    )
  }
}

/**
 * What belongs to the session is red; nobody removes it when the session is over, and it insists on being visible. When the page
 * comes back, something purple comes beside it.
 */
async function signInRed(tab: Tab, issued: Parameters<Tab['signIn']>[0]): Promise<void> {
  await tab.signIn(issued)
  await tab.page.evaluate(() => {
    const look = { width: '100px', height: '100px', visibility: 'visible' }
    const red = document.body.appendChild(document.createElement('p'))
    Object.assign(red.style, look, { background: 'rgb(255, 0, 0)' })
    addEventListener('pageshow', () => {
      const purple = document.body.appendChild(document.createElement('p'))
      Object.assign(purple.style, look, { background: 'rgb(255, 0, 255)' })
    })
  })
}

const films: readonly {
  what: string
  silent: boolean
  stalePage: 'reload' | 'event'
  shows: (frames: Frame[]) => void
}[] = [
  {
    what: 'never shows the session',
    silent: false,
    stalePage: 'reload',
    shows: (frames) => {
      expect(frames.filter(({ red }) => red)).toEqual([])
    },
  },
  {
    // Chromium shows the last picture that it has of a page until that page has drawn one. No script runs before.
    what: 'shows nothing of the session that the page draws, where no message could evict it',
    silent: true,
    stalePage: 'reload',
    shows: (frames) => {
      expect(frames.at(-1)?.red).toBe(false)
      expect(frames.filter(({ red, drawn }) => red && drawn)).toEqual([])
    },
  },
  {
    what: 'shows it where the application wants no reload and does nothing: a film sees it',
    silent: true,
    stalePage: 'event',
    shows: (frames) => {
      expect(frames.at(-1)).toMatchObject({ red: true, drawn: true })
    },
  },
]
for (const { what, silent, stalePage, shows } of films) {
  test(`S45 a film of the return after a sign-out elsewhere ${what}`, async ({ tabs, tokens, context, server }) => {
    const config: PageConfig = { options: { ...noTimeouts.options, stalePage } }
    const viewer = await context.newPage()
    await viewer.goto(`${server.origin}/empty`)
    const other = await tabs.open({ ...config, ...(silent && { without: ['channel'] }) })
    const tab = await tabs.open(config)
    await signInRed(tab, tokens.issue())
    await other.next('signedIn')
    const shown = (await tab.returns()).length
    await tab.page.goto(`${server.origin}/away`)
    await other.signOut()
    // The page has nothing else to go by than the copy that its process has of localStorage.
    const stored = ({ page }: Tab): Promise<string> =>
      page.evaluate(() => JSON.stringify(Object.entries(localStorage).sort()))
    await expect.poll(async () => (await stored(tab)) === (await stored(other))).toBe(true)
    const { stop } = await film(tab.page, viewer)
    await goBack(tab.page)
    // It comes back and is loaded anew, or one of the two.
    const loads = shown + (silent && stalePage === 'reload' ? 2 : 1)
    await expect.poll(async () => (await tab.returns().catch(() => [])).length).toBe(loads)
    await expect.poll(() => tab.phase()).toBe('signedOut')
    expect((await tab.returns()).some(({ persisted }) => persisted)).toBe(silent)
    const frames = await stop()
    expect(frames.length).toBeGreaterThan(1)
    shows(frames)
  })
}
