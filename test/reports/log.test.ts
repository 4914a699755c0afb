import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

const REPORT = /[\w.-]+\/[\w.-]+#\d+/g

/** The titles of the tests in a file, with those of their groups. */
function titlesIn(file: string): string[] {
  const titles: string[] = []
  const nameOf = (callee: ts.Expression): string =>
    ts.isIdentifier(callee) ? callee.text : 'expression' in callee ? nameOf(callee.expression as ts.Expression) : ''
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|test|describe)$/.test(nameOf(node.expression))) {
      const [title] = node.arguments
      if (title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title))) titles.push(title.getText())
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.ES2022, true))
  return titles
}

const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(test|spec)\.ts$/.test(file))
  .map((file) => join('test', file))

/** The reports in the titles of each file of tests. */
const covered = new Map(tests.map((file) => [file, new Set(titlesIn(file).join('\n').match(REPORT))]))

const page = readFileSync(join(root, 'test/reports/README.md'), 'utf8')
const rows = page
  .slice(page.indexOf('## The log'))
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (report|-+) /.test(line))
  .map((line) => {
    const [reports = '', there = '', here = '', files = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    return {
      reports: reports.match(REPORT) ?? [],
      there,
      here,
      files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
    }
  })

test('each row of the log names a report', () => {
  expect(rows.length).toBeGreaterThan(0)
  expect(rows.filter(({ reports }) => reports.length === 0)).toEqual([])
})

test('no report has two rows in the log', () => {
  const reports = rows.flatMap((row) => row.reports)
  expect(reports.filter((report, index) => reports.indexOf(report) !== index)).toEqual([])
})

test('each file that a row of the log names has a test with the name of the report in its title', () => {
  const missing = rows.flatMap(({ reports, files }) =>
    files.filter((file) => reports.some((report) => !covered.get(file)?.has(report))).map((file) => [file, ...reports]),
  )
  expect(missing).toEqual([])
})

test('each report in the title of a test has a row in the log', () => {
  const logged = new Set(rows.flatMap((row) => row.reports))
  const titled = [...covered].flatMap(([file, reports]) => [...reports].map((report) => ({ file, report })))
  expect(titled.filter(({ report }) => !logged.has(report))).toEqual([])
})
