import { expect, test } from './fixtures.js'

for (const kind of ['memory', 'idb', 'idb-encrypted', 'local', 'session']) {
  test(`a ${kind} token store keeps the contract of token stores in a real page`, async ({ page, server }) => {
    await page.goto(`${server.origin}/contract`)
    await expect.poll(() => page.evaluate(() => 'contract' in window)).toBe(true)
    const outcomes = await page.evaluate((name) => window.contract(name), kind)
    expect(outcomes.length).toBeGreaterThan(10)
    expect(outcomes.filter(({ problem }) => problem !== null)).toEqual([])
  })
}
