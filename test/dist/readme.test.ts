import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readResults } from '../../bench/report.mjs'
import { root } from '../../scripts/lib.mjs'
import { blocks, withNumbers } from '../../scripts/readme-numbers.mjs'

test.each(Object.keys(blocks))('the numbers in %s are the measured ones: npm run readme', async (page) => {
  expect(readFileSync(join(root, page), 'utf8')).toBe(await withNumbers(page))
})

test('the measured costs are within their budgets: 0.2 µs and one number per input event, 1 ms per createSession', () => {
  const { handlers, start } = readResults()
  for (const { sojourn } of [handlers.move, handlers.key]) {
    expect(sojourn.microseconds).toBeLessThanOrEqual(0.2)
    // A reading of the wall clock for each event, and nothing else: `pendingUntil` in session/activity.ts.
    expect(sojourn.bytes).toBe(12 * sojourn.handled.length)
  }
  expect(start.again.sojourn).toBeLessThan(1)
})
