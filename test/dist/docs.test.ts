import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

test('the example of docs/testing.md is the one that runs here', () => {
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'docs/testing.md'), 'utf8')) ?? []
  expect(example).toBe(readFileSync(join(root, 'test/dist/testing-guide.test.ts'), 'utf8'))
})
