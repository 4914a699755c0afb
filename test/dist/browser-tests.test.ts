import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { JSONReport, JSONReportSpec, JSONReportSuite } from '@playwright/test/reporter'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'

interface Listed {
  readonly project: string
  readonly title: string
  /** Of this test alone: its project, file, groups and title. */
  readonly name: string
  /** Where it is written: tests that a loop makes share it. */
  readonly place: string
  readonly tags: readonly string[]
}

const specsOf = ({ title, specs, suites = [] }: JSONReportSuite, groups = ''): [groups: string, JSONReportSpec][] => [
  ...specs.map((spec): [string, JSONReportSpec] => [`${groups} › ${title}`, spec]),
  ...suites.flatMap((suite) => specsOf(suite, `${groups} › ${title}`)),
]

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
  return suites
    .flatMap((suite) => specsOf(suite))
    .flatMap(([groups, { title, file, line, tags, tests }]) =>
      tests.map(({ projectName }) => ({
        project: projectName,
        title,
        name: `${projectName}${groups} › ${title}`,
        // Only within one list: Playwright may ask for a line before the thread that compiled the file has sent its source map.
        place: `${projectName} ${file}:${String(line)}`,
        tags,
      })),
    )
}

const [short, all] = await Promise.all([list(false), list(true)])
const names = new Set(short.map(({ name }) => name))

test('npm run test:all has the tests of npm test, and those that are tagged for it', () => {
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  const more = all.filter(({ name }) => !names.has(name))
  expect(short.length + more.length).toBe(all.length)
  expect(more.length).toBeGreaterThan(0)
  const isTagged = ({ project, tags }: Listed): boolean =>
    tags.includes('long') || (project === 'firefox' && tags.includes('chromium'))
  expect(more.filter((each) => !isTagged(each))).toEqual([])
  expect(short.filter(isTagged)).toEqual([])
})

test('npm test has each numbered scenario in each engine that has a test of it, or leaves it to Chromium', () => {
  const numbered = (tests: Listed[]): string[] => [
    ...new Set(
      tests.flatMap(({ project, title }) => [...title.matchAll(/\bS\d+\b/g)].map(([number]) => `${number} ${project}`)),
    ),
  ]
  expect(numbered(all).length).toBeGreaterThan(100)
  const left = numbered(all).filter((each) => !numbered(short).includes(each))
  expect(
    left.map((each) => each.replace('firefox', 'chromium')).filter((each) => !numbered(short).includes(each)),
  ).toEqual([])
})

test('npm test has at least two variants of each series of which it leaves some out, in each engine', () => {
  const at = (place: string): Listed[] => all.filter((each) => each.place === place)
  const places = new Set(all.flatMap(({ place, tags }) => (tags.includes('long') ? [place] : [])))
  // An example is an application of its own, in production and in development: one of them is enough there.
  const series = [...places].filter((place) => at(place).length > 2 && !place.includes('examples-rendered'))
  expect(series.length).toBeGreaterThan(0)
  expect(series.filter((place) => at(place).filter(({ name }) => names.has(name)).length < 2)).toEqual([])
})
