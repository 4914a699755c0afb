import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examples } from '../../scripts/examples.mjs'
import { root } from '../../scripts/lib.mjs'

test.each(['', 'demo/frameworks', ...examples.map((name) => `examples/${name}`)])(
  'the lock file of ./%s names no registry, so that everybody may use their own',
  (folder) => {
    const lock = JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>
    }
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  },
)
