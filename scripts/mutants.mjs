// @ts-check

// Breaks the code that decides in about three thousand small ways, and counts how many of them the tests notice.
// Ends with a line that gives the score; fails below 95 %. Names each mutant that lived and is not in test/mutants.md.
// First of all that list is compared with the source: it fails if a text that the list quotes is no longer there.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, installDependencies, report, root } from './lib.mjs'
import { readList } from './mutants-list.mjs'

const LEAST = 95

/**
 * @typedef {object} Mutant
 * @property {string} mutatorName
 * @property {string} replacement
 * @property {string} status
 * @property {{ start: { line: number, column: number }, end: { line: number, column: number } }} location
 */

await report(() => {
  installDependencies()
  const { explained, faults } = readList()
  if (faults.length > 0) throw new Failure(faults.join('\n'))
  const bin = join(root, 'node_modules/.bin/stryker')
  const { status } = spawnSync(process.execPath, [bin, 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  /** @type {{ files: Record<string, { source: string, mutants: Mutant[] }> }} */
  const { files } = JSON.parse(readFileSync(join(root, '.cache/reports/mutants.json'), 'utf8'))

  const all = Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter((mutant) => !['Ignored', 'CompileError'].includes(mutant.status))
      .map(({ status, replacement, location }) => {
        const line = source.split('\n')[location.start.line - 1] ?? ''
        return {
          file,
          line,
          status,
          at: location.start.line,
          from: excerpt(line, location),
          to: firstLine(replacement),
        }
      })
      // The tests play the development build: such a mutant changes nothing.
      .filter(({ from, to }) => from !== 'DEVELOPMENT' || to !== 'true'),
  )
  const alive = all.filter((mutant) => ['Survived', 'NoCoverage'].includes(mutant.status))
  const unexplained = alive.filter(
    ({ file, line, from, to }) =>
      !explained.some((one) => one.file === file && one.from === from && one.to.includes(to) && line.includes(one.on)),
  )
  for (const { file, at, from, to } of unexplained) console.log(`${file}:${at} \`${from}\` → \`${to}\``)
  const killed = all.length - alive.length
  const score = Math.floor((killed / all.length) * 1e3) / 10
  console.log(
    `${killed} of ${all.length} mutants noticed, ${alive.length - unexplained.length} alive for a reason, ${unexplained.length} alive without: score ${score} %`,
  )
  if (status !== 0 || score < LEAST) process.exitCode = 1
})

/** @param {string} text */
function firstLine(text) {
  return (text.split('\n')[0] ?? '').trim()
}

/** What was mutated, or its first line. @param {string} line @param {Mutant['location']} location */
function excerpt(line, { start, end }) {
  return line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined).trim()
}
