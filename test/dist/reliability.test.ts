import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

const NUMBERS = Array.from({ length: 17 }, (_none, i) => `I${String(i + 1)}`)

const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')
const suite = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(test|spec)\.ts$|^contract/.test(file) && file.endsWith('.ts'))
  .map((file) => readFileSync(join(root, 'test', file), 'utf8'))
  .join('\n')

/** The tables of rules: what was taken out, the name and the file where it is, the test that failed. */
const rules = [...page.matchAll(/^\| [^|]+ \| `(\w+)` in `([\w/.-]+)` +\| (.+?) +\|$/gm)].map(
  ([, name = '', file = '', title = '']) => ({ name, file, title }),
)

/** Whether the suite has a test of this name. Group and test are apart there, and names in quotes may hold quotes. */
const isThere = (title: string): boolean =>
  title.split(' › ').every((part) => suite.includes(part) || suite.includes(part.replaceAll("'", "\\'")))

test('docs/reliability.md has a table for each invariant', () => {
  const headings = [...page.matchAll(/^### (I\d+) /gm)].map(([, number]) => number)
  expect(headings).toEqual(NUMBERS)
  expect(rules.length).toBeGreaterThan(NUMBERS.length)
})

test('each test that docs/reliability.md names is in the suite', () => {
  expect(rules.map(({ title }) => title).filter((title) => !isThere(title))).toEqual([])
})

test('what docs/reliability.md says keeps a rule is where it says', () => {
  const missing = rules.filter(
    ({ name, file }) => !new RegExp(`\\b${name}\\b`).test(readFileSync(join(root, 'src', file), 'utf8')),
  )
  expect(missing).toEqual([])
})

test('each invariant is in the name of a test', () => {
  const named = NUMBERS.filter((number) => new RegExp(`['\`"][^'\`"\\n]*\\b${number}\\b`).test(suite))
  expect(named).toEqual(NUMBERS)
})
