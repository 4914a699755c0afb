import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

test('the example of docs/testing.md is the one that runs here', () => {
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'docs/testing.md'), 'utf8')) ?? []
  expect(example).toBe(readFileSync(join(root, 'test/dist/testing-guide.test.ts'), 'utf8'))
})

test('each test that docs/accessibility.md names is one of the dialog', () => {
  const page = readFileSync(join(root, 'docs/accessibility.md'), 'utf8')
  const tests = readFileSync(join(root, 'test/e2e/dialog.spec.ts'), 'utf8')
  const named = [...page.matchAll(/(?<=: |; )_([^_]+)_/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((name) => !tests.includes(`test('${name}'`))).toEqual([])
})

test('what README and docs link to is there', () => {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.md'),
  )
  const missing = ['README.md', ...pages.map((file) => join('docs', file))].flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/(?:\]\(|img src=")(?!https?:|#)([^)#"\s]+)/g)]
      .map(([, link = '']) => join(dirname(page), link))
      .filter((file) => !existsSync(join(root, file))),
  )
  expect(missing).toEqual([])
})
