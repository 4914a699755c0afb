/** What a person sees of a page that comes back, frame by frame: only the DevTools protocol can film. */
import type { Page } from '@playwright/test'
import { expect, noTimeouts, test, type PageConfig, type Tab } from './fixtures.js'
import { goBack } from './tab.js'

/** Films the page; `stop` tells of each frame, in order, whether it showed the red that belongs to the session. */
async function film(page: Page, viewer: Page): Promise<{ stop: () => Promise<boolean[]> }> {
  const cdp = await page.context().newCDPSession(page)
  const frames: { readonly at: number; readonly image: string }[] = []
  cdp.on('Page.screencastFrame', ({ data, sessionId, metadata }) => {
    frames.push({ at: metadata.timestamp ?? 0, image: data })
    // A page that is being left cannot be told.
    void cdp.send('Page.screencastFrameAck', { sessionId }).catch(() => undefined)
  })
  await cdp.send('Page.startScreencast', { format: 'png', everyNthFrame: 1 })
  return {
    async stop() {
      await cdp.send('Page.stopScreencast')
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
              for (let at = 0; at < pixels.length; at += 4)
                if ((pixels[at] ?? 0) > 200 && (pixels[at + 1] ?? 0) < 50 && (pixels[at + 2] ?? 0) < 50) return true
              return false
            }),
          ),
        images,
      )
    },
  }
}

/** What belongs to the session is red; nobody removes it when the session is over, and it insists on being visible. */
async function signInRed(tab: Tab, issued: Parameters<Tab['signIn']>[0]): Promise<void> {
  await tab.signIn(issued)
  await tab.page.evaluate(() => {
    const red = document.body.appendChild(document.createElement('p'))
    Object.assign(red.style, { width: '200px', height: '200px', background: 'rgb(255, 0, 0)', visibility: 'visible' })
  })
}

const films: readonly {
  what: string
  silent: boolean
  stalePage: 'reload' | 'event'
  shows: (red: boolean[]) => void
}[] = [
  {
    what: 'never shows the session',
    silent: false,
    stalePage: 'reload',
    shows: (red) => {
      expect(red).not.toContain(true)
    },
  },
  {
    // Chromium shows the last picture that it has of a page until that page has drawn one. No script runs before.
    what: 'shows nothing of the session that the page draws, where no message could evict it',
    silent: true,
    stalePage: 'reload',
    shows: (red) => {
      expect(red.at(-1)).toBe(false)
      expect(red.filter(Boolean).length).toBeLessThan(2)
    },
  },
  {
    what: 'shows it where the application wants no reload and does nothing: a film sees it',
    silent: true,
    stalePage: 'event',
    shows: (red) => {
      expect(red.at(-1)).toBe(true)
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
    await tab.page.goto(`${server.origin}/away`)
    await other.signOut()
    const { stop } = await film(tab.page, viewer)
    await goBack(tab.page)
    await expect.poll(() => tab.phase().catch(() => ''), { timeout: 5000 }).toBe('signedOut')
    expect((await tab.returns()).some(({ persisted }) => persisted)).toBe(silent)
    await tab.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn, 200))))
    const red = await stop()
    expect(red.length).toBeGreaterThan(1)
    shows(red)
  })
}
