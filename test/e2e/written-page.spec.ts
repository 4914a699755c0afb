import { expect, test, type Tab } from './fixtures.js'

/** A script rewrites the page with `document.write`, as some print views and old frameworks do: window and scripts stay. */
const write = ({ page }: Tab): Promise<void> =>
  page.evaluate(() => {
    document.open()
    document.close()
  })

const minutesLeft = async (tab: Tab): Promise<number> => {
  const { endAt } = (await tab.deadlines())!
  return Math.round((endAt - (await tab.page.evaluate(() => Date.now()))) / 60_000)
}

// There an extension, and a user script, heard nothing any more in pages that call `document.write`: it takes all listeners away. Right:
// a person is seen, and another tab is heard, in whatever the page has become.
test('scriptscat/scriptcat#1049, tridactyl/tridactyl#5259: input counts in a page that was rewritten', async ({
  tabs,
  tokens,
  context,
}) => {
  await context.clock.install()
  const options = { idleTimeout: '15m', warnBefore: '2m' } as const
  const tab = await tabs.open({ options })
  await tab.signIn(tokens.issue())
  for (let time = 0; time < 2; time++) {
    await write(tab)
    await context.clock.fastForward('10:00')
    expect(await minutesLeft(tab)).toBe(5)
    await tab.page.mouse.click(20, 20)
    await expect.poll(() => minutesLeft(tab)).toBe(15)
    await context.clock.fastForward('05:00')
    await tab.page.keyboard.press('a')
    await expect.poll(() => minutesLeft(tab)).toBe(15)
  }
})
