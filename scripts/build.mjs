// @ts-check

// Builds `dist`: `tsc` emits JavaScript and types, rollup bundles what it emitted.
// Skips when neither the inputs nor `dist` have changed since the last build. `--force` builds anyway.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Failure, fingerprint, report, root } from './lib.mjs'

const INPUTS = ['src', 'scripts/build.mjs', 'rollup.config.mjs', 'tsconfig.json', 'package.json', 'package-lock.json']
const stamp = join(root, '.cache/build')

/**
 * Copies the declarations that the public modules import, and no others.
 *
 * @param {string[]} entries @param {string} from @param {string} to
 */
function copyTypes(entries, from, to) {
  const queue = entries.map((entry) => join(from, `${entry}.d.ts`))
  for (const file of queue) {
    const text = readFileSync(file, 'utf8')
    const target = join(to, relative(from, file))
    mkdirSync(dirname(target), { recursive: true })
    cpSync(file, target)
    for (const [, path = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)) {
      const next = resolve(dirname(file), path).replace(/\.js$/, '.d.ts')
      if (!queue.includes(next)) queue.push(next)
    }
  }
}

async function build() {
  const { rollup } = await import('rollup')
  const { bundles, entries } = await import('../rollup.config.mjs')
  // Built in a folder of its own and moved into place when it is complete, so that `dist` is never incomplete.
  const work = join(root, `build/${process.pid}`)
  const [emitted, output] = [join(work, 'js'), join(work, 'dist')]
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { status } = spawnSync(process.execPath, [tsc, '-p', 'src', '--outDir', emitted], {
      cwd: root,
      stdio: 'inherit',
    })
    if (status !== 0) throw new Failure('tsc found errors; dist is as it was.')
    for (const options of bundles(emitted, output)) {
      const bundle = await rollup({
        ...options,
        onLog(level, log) {
          if (level === 'warn') throw new Error(log.message)
        },
      })
      for (const target of [options.output ?? []].flat()) await bundle.write(target)
      await bundle.close()
    }
    copyTypes(entries, emitted, output)
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    renameSync(output, join(root, 'dist'))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

await report(async () => {
  const inputs = fingerprint(INPUTS)
  const current = () => `${inputs} ${fingerprint(['dist'])}`
  if (!process.argv.includes('--force') && existsSync(stamp) && readFileSync(stamp, 'utf8') === current()) {
    console.log('dist is up to date.')
  } else {
    const start = performance.now()
    await build()
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, current())
    console.log(`Built dist in ${((performance.now() - start) / 1000).toFixed(1)} s.`)
  }
})
