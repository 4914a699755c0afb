// @ts-check

// The test that takes too long for `npm test`: a tab that is hidden for ten minutes, in a Chromium that throttles it.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './lib.mjs'

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/.bin/playwright'), 'test', '--project=chromium', 'hidden.chromium'],
  { cwd: root, stdio: 'inherit', env: { SOAK_SECONDS: '600', ALL: '1', ...process.env } },
)
process.exitCode = status ?? 1
