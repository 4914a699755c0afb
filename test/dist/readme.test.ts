import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { withNumbers } from '../../scripts/readme-numbers.mjs'

test('the numbers in the README are the measured ones: npm run readme', async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  expect(readme).toBe(await withNumbers(readme))
})
