import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { JSONReport, JSONReportSpec, JSONReportSuite } from '@playwright/test/reporter'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

interface Listed {
  readonly project: string
  readonly title: string
  /** Where it is written: tests that a loop makes share it. */
  readonly place: string
  readonly tags: readonly string[]
}

const specsOf = ({ specs, suites = [] }: JSONReportSuite): JSONReportSpec[] => [...specs, ...suites.flatMap(specsOf)]

/** The tests that a run would take, as the configuration chooses them. */
async function list(all: boolean): Promise<Listed[]> {
  const playwright = join(root, 'node_modules/.bin/playwright')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [playwright, 'test', '--list', '--reporter=json'],
    // Where the reporter writes, and how, is for the run around this one.
    { cwd: root, env: { PATH: process.env['PATH'], ...(all && { ALL: '1' }) }, maxBuffer: 64 * 1024 * 1024 },
  )
  const { suites } = JSON.parse(stdout) as JSONReport
  return suites.flatMap(specsOf).flatMap(({ title, file, line, tags, tests }) =>
    tests.map(({ projectName }) => ({
      project: projectName,
      title,
      place: `${projectName} ${file}:${String(line)}`,
      tags,
    })),
  )
}

// One after the other: two that compile the same file at once share a cache, and one may find it without its source map, and so
// give other lines.
const short = await list(false)
const all = await list(true)

test('npm run test:all has the tests of npm test, and those that are tagged for it', () => {
  const name = ({ place, title }: Listed): string => `${place} ${title}`
  const names = new Set(short.map(name))
  const more = all.filter((each) => !names.has(name(each)))
  expect(short.length + more.length).toBe(all.length)
  expect(more.length).toBeGreaterThan(0)
  const isTagged = ({ project, tags }: Listed): boolean =>
    tags.includes('long') || (project === 'firefox' && tags.includes('chromium'))
  expect(more.filter((each) => !isTagged(each))).toEqual([])
  expect(short.filter(isTagged)).toEqual([])
})

test('npm test has each numbered scenario in each engine that has a test of it', () => {
  const numbered = (tests: Listed[]): string[] => [
    ...new Set(
      tests.flatMap(({ project, title }) => [...title.matchAll(/\bS\d+\b/g)].map(([number]) => `${number} ${project}`)),
    ),
  ]
  expect(numbered(all).length).toBeGreaterThan(100)
  expect(numbered(all).filter((each) => !numbered(short).includes(each))).toEqual([])
})

test('npm test has at least two variants of each series of which it leaves some out, in each engine', () => {
  const count = (tests: Listed[], place: string): number => tests.filter((each) => each.place === place).length
  const places = new Set(all.flatMap(({ place, tags }) => (tags.includes('long') ? [place] : [])))
  const series = [...places].filter((place) => count(all, place) > 2)
  expect(series.length).toBeGreaterThan(0)
  expect(series.filter((place) => count(short, place) < 2)).toEqual([])
})
