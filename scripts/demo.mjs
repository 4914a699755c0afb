// @ts-check

// Installs what is missing, builds, and starts the demo's server, which prints its URL.
// `--processes 2` runs the backend by cookie as two processes on Redis, which is installed if that is allowed.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure, installDependencies, report, root } from './lib.mjs'
import { provideRedis } from './redis.mjs'

await report(async () => {
  installDependencies()
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  if (status !== 0) throw new Failure('There is nothing to show without a build.')
  if (process.argv.some((argument) => argument.startsWith('--processes'))) {
    try {
      provideRedis()
    } catch (error) {
      // The demo runs with one process, and says so.
      if (!(error instanceof Failure)) throw error
    }
  }
  await import(pathToFileURL(join(root, 'demo/server.mjs')).href)
})
