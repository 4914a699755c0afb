import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { notesOf, pack } from '../../scripts/release.mjs'
import { filesOf, pageOf, withAddresses, withLinksTo, withoutPage } from '../../scripts/repository.mjs'

const changelog = (
  unreleased: string,
  title = '[0.2.0] - 2026-11-29',
  notes = '- New: a thing.',
): string => `# Changelog

## [Unreleased]
${unreleased}
## ${title}

${notes}

## [0.1.0] - 2026-11-25

First version.
`

test('the notes of a version are what stands below its title', () => {
  expect(notesOf(changelog(''), '0.2.0')).toBe('- New: a thing.')
  expect(notesOf(changelog(''), '0.1.0')).toBe('First version.')
})

test.each([
  ['a version that it does not have', changelog(''), '0.3.0', 'CHANGELOG.md has no section [0.3.0].'],
  ['a version of which it says nothing', changelog('', undefined, ''), '0.2.0', 'CHANGELOG.md says nothing of 0.2.0.'],
  ['a version without a date', changelog('', '[0.2.0]'), '0.2.0', 'CHANGELOG.md: [0.2.0] has no date.'],
  [
    'changes that belong to no version',
    changelog('\n- A late one.\n'),
    '0.2.0',
    'CHANGELOG.md has changes that are unreleased: move them to a version.',
  ],
])('no release with %s', (_what, text, version, message) => {
  expect(() => notesOf(text, version)).toThrow(message)
})

const page = 'https://github.com/example/sojourn'

test.each([
  ['https://github.com/example/sojourn.git', page],
  ['https://github.com/example/sojourn', page],
  ['https://github.com/example/sojourn/', page],
  ['git@github.com:example/sojourn.git', page],
  ['ssh://git@github.com/example/sojourn.git', page],
  ['ssh://git@github.com:22/example/sojourn.git', page],
  ['git+https://github.com/example/sojourn.git', page],
  ['git@gitlab.com:group/part/sojourn.js.git', 'https://gitlab.com/group/part/sojourn.js'],
  // As a job of GitLab has it: the token must not be published.
  ['https://gitlab-ci-token:secret@gitlab.com/example/sojourn.git', 'https://gitlab.com/example/sojourn'],
])('the repository %s has the page %s', (remote, expected) => {
  expect(pageOf(remote)).toBe(expected)
})

test.each([
  '',
  '/srv/git/sojourn.git',
  '../github.com/example/sojourn',
  'C:\\git\\sojourn',
  'file:///srv/git/github.com/example/sojourn.git',
  'http://github.com/example/sojourn.git',
  'https://github.com/example',
  'https://localhost/example/sojourn.git',
  'https://example.com/https://github.com/example/sojourn.git',
  'https://github.com.example.com/example/sojourn.git',
  'git@example.com:example/sojourn.git',
])('the repository %j has no page', (remote) => {
  expect(pageOf(remote)).toBeNull()
})

test('a sentence says what to do where the repository has no page, and shows no token', () => {
  expect(withoutPage('')).toBe('Nothing says where the repository is: git remote add origin <address>')
  expect(withoutPage('https://me:secret@example.com/sojourn.git')).toBe(
    'origin is no address at GitHub or GitLab, from which alone npm takes provenance: git remote set-url origin <address>',
  )
})

test('package.json keeps its own addresses', () => {
  expect(withAddresses({ homepage: 'https://sojourn.example' }, page)).toEqual({
    repository: { type: 'git', url: 'git+https://github.com/example/sojourn.git' },
    homepage: 'https://sojourn.example',
    bugs: { url: 'https://github.com/example/sojourn/issues' },
  })
  const own = { repository: { url: 'git+https://github.com/own/own.git' }, homepage: 'h', bugs: {} }
  expect(withAddresses(own, page)).toEqual(own)
})

test('links and pictures of the README lead to the commit; anchors and addresses stay', () => {
  const readme = `![Tabs (five).](docs/a.webp) [b](./docs/b.md#part) [c](#c) [d](https://example.com/d) [e](//example.com/e)
<a href="./docs/a.webp"><img src="docs/a.webp"></a> <a href="mailto:f@example.com">f</a>`
  expect(filesOf(readme)).toEqual(['docs/a.webp', 'docs/b.md', 'docs/a.webp', 'docs/a.webp'])
  expect(withLinksTo(readme, page, '5d0a2de')).toBe(
    `![Tabs (five).](${page}/raw/5d0a2de/docs/a.webp) [b](${page}/blob/5d0a2de/docs/b.md#part) [c](#c) [d](https://example.com/d) [e](//example.com/e)
<a href="${page}/raw/5d0a2de/docs/a.webp"><img src="${page}/raw/5d0a2de/docs/a.webp"></a> <a href="mailto:f@example.com">f</a>`,
  )
  expect(withLinksTo('[b](docs/b.md)', 'https://gitlab.com/example/sojourn', '5d0a2de')).toBe(
    '[b](https://gitlab.com/example/sojourn/-/blob/5d0a2de/docs/b.md)',
  )
})

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function packAnew(address: string | null): { tarball: Buffer; text: (file: string) => string } {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-'))
  folders.push(folder)
  const tarball = pack(folder, address)
  execFileSync('tar', ['-xzf', tarball], { cwd: folder })
  return { tarball: readFileSync(tarball), text: (file) => readFileSync(join(folder, 'package', file), 'utf8') }
}

const committed = (file: string): string => readFileSync(join(root, file), 'utf8')

test('the package that is published says where the repository is, and is the same each time', () => {
  const { tarball, text } = packAnew(page)
  expect(JSON.parse(text('package.json'))).toEqual(withAddresses(JSON.parse(committed('package.json')) as object, page))
  expect(filesOf(text('README.md'))).toEqual([])
  const links = [...text('README.md').matchAll(/example\/sojourn\/(?:raw|blob)\/[\da-f]{40}\/([^)"#]+)/g)]
  expect(links.map(([, file]) => file)).toEqual(filesOf(committed('README.md')))
  expect(text('dist/index.js')).toBe(committed('dist/index.js'))
  expect(packAnew(page).tarball.equals(tarball)).toBe(true)
})

test('without a page the package is what is committed', () => {
  const { text } = packAnew(null)
  expect(text('package.json')).toBe(committed('package.json'))
  expect(text('README.md')).toBe(committed('README.md'))
})
