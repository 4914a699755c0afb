import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { examples } from '../../scripts/examples.mjs'
import { readList } from '../../scripts/mutants-list.mjs'

const inFolder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file))

/** The pages of the repository, without what a build or a package manager has put there. */
const pages = [
  ...readdirSync(root),
  ...inFolder('docs'),
  ...inFolder('test'),
  'demo/frameworks/README.md',
  ...['', ...examples].map((name) => join('examples', name, 'README.md')),
]
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8').replace(/^```.*?^```/gms, '') }))

/** Folders that a path may start from, beside the page's own: a page about `src` gives paths below it. */
const STARTS = ['', 'src', 'test', 'test/e2e']
/** Files that are made by a build, or lie in the application of the reader. */
const ELSEWHERE = [/^(node_modules\/sojourn\/)?(dist\/)?sojourn(\.core\.min|\.min|\.dev)\.js$/, /^main\.tsx?$/]

const isThere = (path: string, page: string): boolean =>
  [dirname(page), ...STARTS].some((start) => existsSync(join(root, start, path)))

test('each file that a page names in backticks is there', () => {
  const missing = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/`((?:[\w@-][\w@.-]*\/)*[\w@-][\w@.-]*\.(?:ts|tsx|mts|mjs|js|json|md|sh|html|css|svelte|vue))`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !isThere(path, file) && !ELSEWHERE.some((known) => known.test(path)))
      .map((path) => `${file}: ${path}`),
  )
  expect(missing).toEqual([])
})

test('each link of a page leads to a file that is there, and to a heading that it has', () => {
  const headingsOf = (path: string): string[] =>
    [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    )
  const broken = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
      .filter(([, path, heading]) => {
        const target = path ? join(root, dirname(file), path) : join(root, file)
        return !existsSync(target) || (heading && !headingsOf(target).includes(heading))
      })
      .map(([link]) => `${file}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('each npm script that a page names is in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object }
  const missing = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/`npm run ([\w:]+)/g)]
      .filter(([, name = '']) => !(name in scripts))
      .map(([, name]) => `${file}: ${String(name)}`),
  )
  expect(missing).toEqual([])
})

test('each mutant that test/mutants.md lists is a change of a text that its file has', () => {
  const { explained, faults } = readList()
  expect(faults).toEqual([])
  expect(explained.length).toBeGreaterThan(0)
})
