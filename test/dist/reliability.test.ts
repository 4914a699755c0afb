import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

const NUMBERS = Array.from({ length: 18 }, (_none, i) => `I${String(i + 1)}`)

/** What is promised, for users. */
const promises = readFileSync(join(root, 'docs/reliability.md'), 'utf8')
/** What keeps it, for successors. */
const page = readFileSync(join(root, 'test/reliability.md'), 'utf8')
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

const numbersIn = (text: string): (string | undefined)[] =>
  [...text.matchAll(/^###? (I\d+) /gm)].map(([, number]) => number)

test('docs/reliability.md has a section for each invariant, and ARCHITECTURE.md a row', () => {
  expect(numbersIn(promises).sort()).toEqual([...NUMBERS].sort())
  const rows = [...readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| (I\d+) +\|/gm)]
  expect(rows.map(([, number]) => number)).toEqual(NUMBERS)
})

test('test/reliability.md has a table for each invariant', () => {
  expect(numbersIn(page)).toEqual(NUMBERS)
  expect(rules.length).toBeGreaterThan(NUMBERS.length)
})

test('each test that test/reliability.md names is in the suite', () => {
  expect(rules.map(({ title }) => title).filter((title) => !isThere(title))).toEqual([])
})

/** The code of a file without its comments. */
const codeOf = (file: string): string =>
  readFileSync(join(root, 'src', file), 'utf8').replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '')

/** Whether a file defines what a row names: a function, a constant or a method. A file that only uses it does not keep the promise. */
const isDefined = (name: string, code: string): boolean =>
  new RegExp(
    `\\b(function|const|let|class) ${name}\\b|\\b${name}: (async )?\\(|^ +(async )?${name}\\([^()]*\\)(: [^{]+)? \\{$`,
    'm',
  ).test(code)

test('each part that test/reliability.md names is in the code of its file', () => {
  const missing = rules.filter(({ name, file }) => !isDefined(name, codeOf(file)))
  expect(missing).toEqual([])
})

test('each invariant is in the name of a test', () => {
  const named = NUMBERS.filter((number) => new RegExp(`['\`"][^'\`"\\n]*\\b${number}\\b`).test(suite))
  expect(named).toEqual(NUMBERS)
})
