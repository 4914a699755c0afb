// @ts-check

// Installs what is missing, builds, and starts the demo's server, which prints its URL.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure, installDependencies, report, root } from './lib.mjs'

await report(async () => {
  installDependencies()
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  if (status !== 0) throw new Failure('There is nothing to show without a build.')
  await import(pathToFileURL(join(root, 'demo/server.mjs')).href)
})
