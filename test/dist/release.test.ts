import { expect, test } from 'vitest'
import { notesOf } from '../../scripts/release.mjs'

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
