// @ts-check

// Draws the picture of the rooms in ARCHITECTURE.md from scripts/layers.mjs, between two markers.
// `node scripts/layers-picture.mjs` writes it; test/dist/architecture.test.ts fails where the file has another one.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { layers } from './layers.mjs'
import { root } from './lib.mjs'

const FILE = join(root, 'ARCHITECTURE.md')
const START = '<!-- layers -->'
const END = '<!-- /layers -->'

/** Nearly every layer imports these, so that the picture draws no arrows to them. */
const EVERYONE = 'types, errors, util'

/** @typedef {{ readonly name: string, readonly files: readonly string[] }} Room */

/** The name of a layer in the picture: its first folder or file. @param {readonly string[]} files @returns {string} */
const nameOf = ([first = '']) => first.replace(/\.ts$/, '')

/** The adapters differ only in their framework: the picture shows them as one room. @param {string} file */
const isAdapter = (file) => file.startsWith('adapters/')

/** @param {string} place */
const isOurs = (place) => /[./]/.test(place) && /(\/|\.ts)$/.test(place)

/** Which room holds a place that a layer may import. @param {string} place @returns {string} */
function roomOf(place) {
  const layer = layers.find(({ files }) => files.some((file) => place === file || place.startsWith(file)))
  if (!layer) throw new Error(`No layer holds ${place}.`)
  return layer === layers[0] ? EVERYONE : layer.files.some(isAdapter) ? 'adapters/' : nameOf(layer.files)
}

/** The rooms in the order of the table, and for each what it may import. */
function draw() {
  /** @type {Map<string, { values: Set<string>, types: Set<string>, packages: Set<string> }>} */
  const rooms = new Map()
  for (const [index, { files, imports, types = [] }] of layers.entries()) {
    const name = index === 0 ? EVERYONE : files.some(isAdapter) ? 'adapters/' : nameOf(files)
    const room = rooms.get(name) ?? { values: new Set(), types: new Set(), packages: new Set() }
    rooms.set(name, room)
    for (const place of imports) if (isOurs(place)) room.values.add(roomOf(place))
    for (const place of types) if (isOurs(place)) room.types.add(roomOf(place))
    for (const place of imports) if (!isOurs(place)) room.packages.add(place)
  }
  return rooms
}

/** @param {string} room */
const idOf = (room) => room.replaceAll(/[^a-z]/g, '_')

/** The picture, as Mermaid: a solid arrow is an import, a dotted one an import of types alone. */
export function layersPicture() {
  const rooms = draw()
  const names = [...rooms.keys()]
  const nodes = names.map((name) => `  ${idOf(name)}["${name}"]`)
  const arrows = [...rooms].flatMap(([name, { values, types }]) => [
    ...[...values].filter((to) => to !== name && to !== EVERYONE).map((to) => `  ${idOf(name)} --> ${idOf(to)}`),
    ...[...types]
      .filter((to) => to !== name && to !== EVERYONE && !values.has(to))
      .map((to) => `  ${idOf(name)} -.-> ${idOf(to)}`),
  ])
  return ['```mermaid', 'flowchart TD', ...nodes, ...arrows, '```'].join('\n')
}

/** `text` with the picture that is drawn now. @param {string} text @returns {string} */
export function withPicture(text) {
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`ARCHITECTURE.md has no ${START} … ${END}.`)
  return `${text.slice(0, start + START.length)}\n\n${layersPicture()}\n\n${text.slice(end)}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync(FILE, withPicture(readFileSync(FILE, 'utf8')))
