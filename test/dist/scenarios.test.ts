import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

const page = readFileSync(join(root, 'test/README.md'), 'utf8')
const suite = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.(test|spec)\.ts$/.test(file) && !file.endsWith('scenarios.test.ts'),
)

/** `S256` is a method of PKCE. */
const numbersIn = (text: string): string[] =>
  [...text.matchAll(/\bS\d{1,3}\b/g)].map(([number]) => number).filter((number) => number !== 'S256')
const byNumber = (a: string, b: string): number => Number(a.slice(1)) - Number(b.slice(1))
/** The numbers in texts: titles, and the tables from which titles are made. */
const cited = new Set(
  suite.flatMap((file) =>
    [...readFileSync(join(root, 'test', file), 'utf8').matchAll(/(['`])(?:(?!\1).)*\1/g)].flatMap(([text]) =>
      numbersIn(text),
    ),
  ),
)
const told = [...page.matchAll(/^\| (S\d+) +\|/gm)].map(([, number = '']) => number)

test('each scenario in test/README.md stands there once', () => {
  expect(told.length).toBeGreaterThan(70)
  expect(told).toEqual([...new Set(told)])
})

test('each scenario in test/README.md is in the title of a test, and each in a title is in test/README.md', () => {
  expect([...told].sort(byNumber)).toEqual([...cited].sort(byNumber))
})

test('test/README.md has a row for each folder of test', () => {
  const folders = readdirSync(join(root, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${name}/`)
  const rows = [...page.matchAll(/^\| `([\w.]+\/?)` +\|/gm)].map(([, name]) => name)
  expect(folders.filter((folder) => !rows.includes(folder))).toEqual([])
})
