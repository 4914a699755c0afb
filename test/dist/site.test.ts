import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sidebar } from '../../docs/.vitepress/sidebar.mjs'
import { root } from '../../scripts/lib.mjs'

// That the site can be built, and that each of its links leads somewhere, is a step of `npm test`: scripts/docs.mjs.

const filesOf = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))

const isDecision = (file: string): boolean => /^docs\/decisions\/\d/.test(file)

test('the sidebar of the site has each page of the documentation, and no page that is not there', () => {
  const shown = sidebar.flatMap(({ items }) => items.map(({ link }) => link.slice(1).replace(/#.*$/, '')))
  expect(filesOf('docs').filter((file) => !isDecision(file) && !shown.includes(file))).toEqual([])
  expect(shown.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('the list of decisions has each of them', () => {
  const list = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8')
  const listed = [...list.matchAll(/\]\((\d[\w-]*\.md)\)/g)].map(([, file = '']) => join('docs/decisions', file))
  expect(listed).toEqual(filesOf('docs').filter(isDecision).sort())
})
