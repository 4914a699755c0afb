// @ts-check

// Breaks the code that decides in about a thousand small ways, and counts how many of them the tests notice.
// Ends with a line that gives the score; fails below 92 %. Names each mutant that lived and is not in test/mutants.md.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installDependencies, report, root } from './lib.mjs'

const LEAST = 92

/**
 * @typedef {object} Mutant
 * @property {string} mutatorName
 * @property {string} replacement
 * @property {string} status
 * @property {{ start: { line: number, column: number }, end: { line: number, column: number } }} location
 */

await report(() => {
  installDependencies()
  const bin = join(root, 'node_modules/.bin/stryker')
  const { status } = spawnSync(process.execPath, [bin, 'run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  })
  /** @type {{ files: Record<string, { source: string, mutants: Mutant[] }> }} */
  const { files } = JSON.parse(readFileSync(join(root, '.cache/reports/mutants.json'), 'utf8'))
  const explained = readFileSync(join(root, 'test/mutants.md'), 'utf8')

  const all = Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter((mutant) => !['Ignored', 'CompileError'].includes(mutant.status))
      .map((mutant) => ({ file, lines: source.split('\n'), ...mutant })),
  )
  const alive = all.filter((mutant) => ['Survived', 'NoCoverage'].includes(mutant.status))
  const unexplained = alive.filter(({ lines, location }) => !explained.includes(`\`${excerpt(lines, location)}\``))
  for (const { file, lines, location, replacement } of unexplained)
    console.log(`${file}:${location.start.line} \`${excerpt(lines, location)}\` → \`${replacement}\``)
  const killed = all.length - alive.length
  const score = Math.floor((killed / all.length) * 1e3) / 10
  console.log(
    `${killed} of ${all.length} mutants noticed, ${alive.length - unexplained.length} alive for a reason, ${unexplained.length} alive without: score ${score} %`,
  )
  if (status !== 0 || score < LEAST) process.exitCode = 1
})

/** The first line of what was mutated, as test/mutants.md quotes it. @param {string[]} lines @param {Mutant['location']} location */
function excerpt(lines, { start, end }) {
  const line = lines[start.line - 1] ?? ''
  return line.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined).trim()
}
