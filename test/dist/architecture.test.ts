import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withPicture } from '../../scripts/layers-picture.mjs'
import { root } from '../../scripts/lib.mjs'

const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')

test('the picture in ARCHITECTURE.md is the one that scripts/layers-picture.mjs draws', () => {
  expect(page).toBe(withPicture(page))
})

test('ARCHITECTURE.md lists the causes of steps that src/session/causes.ts declares', () => {
  const [, section = ''] = /### The causes of steps\n([^]*?)\n## /.exec(page) ?? []
  const listed = [...section.matchAll(/^\| `([\w ]+)` +\|/gm)].map(([, cause]) => cause)
  const source = readFileSync(join(root, 'src/session/causes.ts'), 'utf8')
  expect(listed).toEqual([...source.matchAll(/^ {2}\| '([\w ]+)'$/gm)].map(([, cause]) => cause))
})

test('ARCHITECTURE.md has a row for each room of src', () => {
  const [, section = ''] = /## The rooms\n([^]*?)\n## /.exec(page) ?? []
  const rooms = [...section.matchAll(/^\| `(\w+\/)` +\|/gm)].map(([, room]) => room)
  const drawn = [...section.matchAll(/\["(\w+\/)"\]/g)].map(([, room]) => room)
  expect(drawn).not.toEqual([])
  expect(drawn.filter((room) => !rooms.includes(room))).toEqual([])
})
