import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readResults } from '../../bench/report.mjs'
import { root } from '../../scripts/lib.mjs'
import { withNumbers } from '../../scripts/readme-numbers.mjs'

test('the numbers in the README are the measured ones: npm run readme', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  expect(readme).toBe(await withNumbers(readme))
})

test('the measured costs are within their budgets: 0.2 µs per input event, 1 ms per createSession', () => {
  const { handlers, start } = readResults()
  for (const { sojourn } of [handlers.move, handlers.key]) {
    expect(sojourn.microseconds).toBeLessThanOrEqual(0.2)
    expect(sojourn.bytes).toBe(0)
  }
  expect(start.again.sojourn).toBeLessThan(1)
})
