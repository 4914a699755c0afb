// @ts-check

// Checks all that a release promises, and then publishes it and sets its tag.
//
//   npm run release -- --dry-run   checks, and prints what would be done
//   npm run release                checks, and does it
//
// A check that fails does not keep the others from running: all that is wrong is known after one run. `npm test` is for what the
// package does, and is expected to have passed.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, fingerprint, nodeOf, report, root } from './lib.mjs'

/** The versions of Node that the package supports: each that gets security fixes, and the newest. */
const NODES = [20, 22, 24, 26]
/** With `--provenance` npm signs where and from which commit the package was built: https://docs.npmjs.com/generating-provenance-statements */
const PUBLISH = ['publish', '--provenance', '--access', 'public']

/**
 * @typedef {object} Manifest
 * @property {string} version
 * @property {{ url?: string }} [repository]
 * @property {{ access?: string, provenance?: boolean }} [publishConfig]
 */

const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8')

/** @returns {Manifest} */
const manifest = () => JSON.parse(read('package.json'))

/** @param {string} command @param {string[]} args @param {string} [cwd] */
const run = (command, args, cwd = root) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/**
 * What the changelog says of a version. Throws where it says nothing, has no date for it, or has changes that belong to no version.
 *
 * @param {string} changelog
 * @param {string} version
 */
export function notesOf(changelog, version) {
  const sections = new Map(
    changelog
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [title = '', ...lines] = section.split('\n')
        return [title, lines.join('\n').trim()]
      }),
  )
  if (sections.get('[Unreleased]'))
    throw new Failure('CHANGELOG.md has changes that are unreleased: move them to a version.')
  for (const [title, notes] of sections) {
    if (!title.startsWith(`[${version}]`)) continue
    if (!/^\[\S+\] - \d{4}-\d\d-\d\d$/.test(title)) throw new Failure(`CHANGELOG.md: ${title} has no date.`)
    if (!notes) throw new Failure(`CHANGELOG.md says nothing of ${version}.`)
    return notes
  }
  throw new Failure(`CHANGELOG.md has no section [${version}].`)
}

/** What a page says of a script from elsewhere, so that its browser runs no other: https://www.w3.org/TR/SRI/ @param {string} path */
export const integrity = (path) =>
  `sha384-${createHash('sha384')
    .update(readFileSync(join(root, path)))
    .digest('base64')}`

/** @type {Readonly<Record<string, () => string | Promise<string>>>} */
const checks = {
  'no change is uncommitted'() {
    const changes = run('git', ['status', '--porcelain'])
    if (changes) throw new Failure(`Commit or remove:\n${changes}`)
    return run('git', ['rev-parse', 'HEAD'])
  },
  'the tag is free, or on this commit'() {
    const tag = `v${manifest().version}`
    const { status, stdout } = spawnSync('git', ['rev-parse', '--verify', '--quiet', `${tag}^{commit}`], {
      cwd: root,
      encoding: 'utf8',
    })
    if (status === 0 && stdout.trim() !== run('git', ['rev-parse', 'HEAD']))
      throw new Failure(`${tag} is on another commit: a version is published once. Raise it in package.json.`)
    return tag
  },
  'the changelog has the version'() {
    const { version } = manifest()
    return `${version}, ${notesOf(read('CHANGELOG.md'), version).split('\n').length} lines`
  },
  'npm can say where the package comes from'() {
    const { repository, publishConfig } = manifest()
    if (!publishConfig?.provenance || publishConfig.access !== 'public')
      throw new Failure('package.json needs "publishConfig": { "access": "public", "provenance": true }.')
    if (!repository?.url)
      throw new Failure(
        'package.json has no "repository": npm refuses provenance unless it is the one that the build ran in.',
      )
    return repository.url
  },
  'two builds are the same, byte for byte'() {
    const built = () => {
      run(process.execPath, ['scripts/build.mjs', '--force'])
      return fingerprint(['dist'])
    }
    const first = built()
    if (built() !== first) throw new Failure('The second build differs from the first.')
    return first.slice(0, 16)
  },
  'sizes are within their limits'() {
    const { status, stdout } = spawnSync(process.execPath, ['node_modules/size-limit/bin.js', '--json'], {
      cwd: root,
      encoding: 'utf8',
    })
    /** @type {{ name: string, passed?: boolean }[]} */
    const sizes = JSON.parse(stdout)
    const over = sizes.filter(({ passed }) => passed === false).map(({ name }) => name)
    if (status !== 0 || over.length > 0) throw new Failure(`Over their limit: ${over.join(', ')}`)
    return `${sizes.length} of ${sizes.length}`
  },
  'the README has the integrity of the script'() {
    const hash = integrity('dist/sojourn.min.js')
    const { version } = manifest()
    const readme = read('README.md')
    if (!readme.includes(hash) || !readme.includes(`sojourn@${version}/dist/sojourn.min.js`))
      throw new Failure(`README.md needs sojourn@${version} with integrity="${hash}": npm run readme`)
    return hash
  },
  async 'the packed package works in each Node'() {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-release-'))
    try {
      const [pack] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]))
      writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
      copyFileSync(join(root, 'scripts/release-smoke.mjs'), join(folder, 'smoke.mjs'))
      run('npm', ['install', join(folder, pack.filename), '--no-audit', '--no-fund'], folder)
      const versions = NODES.map((major) => {
        const node = nodeOf(major)
        run(node, ['smoke.mjs'], folder)
        return run(node, ['--version'])
      })
      return versions.join(', ')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** @param {unknown} error */
function words(error) {
  const { stderr } = /** @type {{ stderr?: string }} */ (error)
  return stderr || (error instanceof Error ? error.message : String(error))
}

async function main() {
  const isDry = process.argv.includes('--dry-run')
  let failed = 0
  for (const [name, check] of Object.entries(checks)) {
    try {
      console.log(`✓ ${name}: ${await check()}`)
    } catch (error) {
      failed++
      console.log(`✗ ${name}\n  ${words(error).replaceAll('\n', '\n  ')}`)
    }
  }
  if (failed > 0)
    throw new Failure(`\n${failed} of ${Object.keys(checks).length} checks failed. Nothing was published.`)
  const tag = `v${manifest().version}`
  console.log(`\n${isDry ? 'Would run' : 'Running'} npm ${PUBLISH.join(' ')}, and git tag ${tag}.`)
  if (isDry) return
  const { status } = spawnSync('npm', PUBLISH, { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Failure('npm published nothing.')
  run('git', ['tag', tag])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await report(main)
