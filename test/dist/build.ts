/** Builds what the tests of `dist` look at, if it is not there. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/lib.mjs'

export default function setup(): void {
  execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
}
