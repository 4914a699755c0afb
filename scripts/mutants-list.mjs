// @ts-check

// The list of the mutants that may live, for scripts/mutants.mjs and for the test that keeps it up to date.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './lib.mjs'

const LIST = 'test/mutants.md'

/**
 * Mutants of `file` that may live: those that put one of `to` in the place of `from`, on a line that contains `on`.
 *
 * @typedef {{ file: string, from: string, to: string[], on: string }} Explained
 */

/** The entries of the list, and a sentence for each that cannot be read or quotes what its file does not have. */
export function readList() {
  /** @type {Explained[]} */
  const explained = []
  /** @type {string[]} */
  const faults = []
  let file = ''
  for (const text of readFileSync(join(root, LIST), 'utf8').split('\n')) {
    file = /^## (src\/.+)/.exec(text)?.[1] ?? file
    if (!text.startsWith('- ')) continue
    const [, from, to, on = ''] = /^- (`.+?`) → (`.+?`(?:, `.+?`)*)(?: in (`.+?`))?: \S/.exec(text) ?? []
    if (!from || !to || !existsSync(join(root, file))) {
      faults.push(`${LIST}: not understood: ${text}`)
      continue
    }
    const entry = { file, from: unquote(from), to: to.split(/(?<=`), (?=`)/).map(unquote), on: unquote(on) }
    explained.push(entry)
    const lines = readFileSync(join(root, file), 'utf8').split('\n')
    if (!lines.some((line) => line.includes(entry.from) && line.includes(entry.on)))
      faults.push(`${LIST}: ${file} has no line with ${[from, on].filter(Boolean).join(' and ')}`)
  }
  return { explained, faults }
}

/** A code span without its backticks: two on each side where one stands within. @param {string} span */
function unquote(span) {
  return span.replace(/^(`` |`)(.*?)( ``|`)$/, '$2')
}
