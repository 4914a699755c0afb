// @ts-check

// Plays simulated worlds on all cores, for several scripts.

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { Failure, root } from './lib.mjs'

/** @typedef {import('../test/sim/worker.ts').Task} Task */
/** @typedef {import('../test/sim/worker.ts').Answer} Answer */
/** @typedef {Extract<Answer, { broken: object }>} Violation */
/** One text of a file in `src`, and what is to stand there instead. @typedef {{ file: string, from: string, to: string }} Edit */

/** The number of worlds that a thread gets at a time. */
const CHUNK = 50

/** @param {number} worlds @param {number} seed @param {() => boolean} [isEnough] @returns {Iterator<Task>} */
export function* chunks(worlds, seed, isEnough = () => false) {
  for (let from = 0; from < worlds && !isEnough(); from += CHUNK)
    yield { seed, from, to: Math.min(worlds, from + CHUNK) }
}

/** A source with one text edited. @param {Edit} edit */
export function editedText({ file, from, to }) {
  const parts = readFileSync(join(root, 'src', file), 'utf8').split(from)
  if (parts.length !== 2) throw new Failure(`src/${file} has this ${parts.length - 1} times: ${from}`)
  return parts.join(to)
}

/** Sources as they are, but for one text. @param {Edit} edit @returns {import('esbuild').Plugin} */
export const edited = (edit) => ({
  name: 'edited',
  setup({ onLoad }) {
    const path = join(root, 'src', edit.file)
    onLoad({ filter: /\.ts$/ }, (args) =>
      args.path === path ? { contents: editedText(edit), loader: 'ts' } : undefined,
    )
  },
})

/** @param {string} entry @param {import('esbuild').BuildOptions} options */
async function bundle(entry, options) {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'test/sim', entry)],
    bundle: true,
    write: false,
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}

/** The rules and what counts how often they were looked at. @returns {Promise<typeof import('../test/sim/rule-names.ts')>} */
export async function rules() {
  const code = await bundle('rule-names.ts', { format: 'esm' })
  return import(`data:text/javascript,${encodeURIComponent(code)}`)
}

/**
 * Gives the tasks to threads as they become free.
 *
 * @param {Iterator<Task>} tasks
 * @param {(answer: Answer) => void} heard
 * @param {{ threads?: number, mostShrunk?: number, edit?: Edit | undefined }} [options] `mostShrunk`: of so many violations each thread looks for the shortest schedule
 */
export async function onAllCores(tasks, heard, { threads = availableParallelism(), mostShrunk = 10, edit } = {}) {
  const plugins = edit ? [edited(edit)] : []
  const [code, page] = await Promise.all([
    bundle('worker.ts', { platform: 'node', format: 'cjs', plugins }),
    bundle('page-script.ts', { format: 'iife', globalName: 'library', plugins }),
  ])
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(code, {
        eval: true,
        workerData: { page, mostShrunk },
        // A world is garbage soon after it was made: in a small young generation, collecting them takes a fifth of the time.
        resourceLimits: { maxYoungGenerationSizeMb: 128 },
      })
      /** @type {Promise<void>} */
      const done = new Promise((resolve, reject) => {
        worker.once('error', reject)
        const next = () => {
          const { value, done } = tasks.next()
          if (done) resolve()
          else worker.postMessage(value)
        }
        worker.on('message', (/** @type {Answer} */ answer) => {
          heard(answer)
          if ('worlds' in answer) next()
        })
        next()
      })
      await done.finally(() => worker.terminate())
    }),
  )
}
