import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/lib.mjs'
import { editedText, type Edit } from '../../../scripts/worlds.mjs'
import { FLOORS } from '../../sim/rule-names.js'

// What the edits break is shown by `npm run sabotage`, which takes long.
const entries = JSON.parse(readFileSync(join(root, 'test/sim/sabotage.json'), 'utf8')) as readonly (Edit & {
  readonly without: string
  readonly rule?: string
  readonly shownBy?: string
})[]

test.each(entries)('an edit that breaks the library on purpose finds its text: without $without', (entry) => {
  expect(() => editedText(entry)).not.toThrow()
  const { rule, shownBy } = entry
  const isThere = shownBy
    ? existsSync(join(root, shownBy))
    : Object.keys(FLOORS).some((name) => name.startsWith(`${String(rule)}:`))
  expect(isThere).toBe(true)
})
