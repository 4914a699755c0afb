// @ts-check

// Checks all that a release promises, and then publishes it and sets its tag.
//
//   npm run release -- --dry-run   checks, and prints what would be done
//   npm run release                checks, and does it
//
// A check that fails does not keep the others from running: all that is wrong is known after one run. `npm test` is for what the
// package does, and is expected to have passed. What is published is the very file that the last check tries: a copy of what is
// committed in which package.json and the README say where the repository is.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, fingerprint, nodeOf, report, root } from './lib.mjs'
import { filesOf, pageOf, withAddresses, withLinksTo, withoutPage } from './repository.mjs'

/** The versions of Node that the package supports: each that gets security fixes, and the newest. */
const NODES = [20, 22, 24, 26]
/** With `--provenance` npm signs where and from which commit the package was built: https://docs.npmjs.com/generating-provenance-statements */
const PUBLISH = ['publish', '--provenance', '--access', 'public']

/**
 * @typedef {object} Package
 * @property {string} version
 * @property {{ access?: string, provenance?: boolean }} [publishConfig]
 */

const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8')

/** @returns {Package & import('./repository.mjs').Addresses} */
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

/** Where git says that the repository is; '' where it does not. */
const origin = () => spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: root, encoding: 'utf8' }).stdout.trim()

/** @param {string} folder */
const packed = (folder) => join(folder, `sojourn-${manifest().version}.tgz`)

/**
 * Packs what is published, into `folder`. Without a page of the repository that is just what is committed.
 *
 * @param {string} folder
 * @param {string | null} page
 */
export function pack(folder, page) {
  const copy = join(folder, 'copy')
  const [{ files }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--dry-run']))
  for (const { path } of files) cpSync(join(root, path), join(copy, path))
  if (page) {
    writeFileSync(join(copy, 'package.json'), `${JSON.stringify(withAddresses(manifest(), page), null, 2)}\n`)
    writeFileSync(join(copy, 'README.md'), withLinksTo(read('README.md'), page, run('git', ['rev-parse', 'HEAD'])))
  }
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], copy)
  return packed(folder)
}

/** Each gets a folder in which the last one leaves the packed package. @type {Readonly<Record<string, (folder: string) => string | Promise<string>>>} */
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
    const page = pageOf(origin())
    if (!page) throw new Failure(withoutPage(origin()))
    if (repository && pageOf(String(repository.url)) !== page)
      throw new Failure(`package.json has another "repository" than ${page}: npm refuses that with provenance.`)
    return page
  },
  'each link of the README leads to a file in git'() {
    const tracked = run('git', ['ls-files', '-z']).split('\0')
    const files = filesOf(read('README.md'))
    const missing = files.filter((file) => !tracked.includes(file))
    if (missing.length > 0) throw new Failure(`README.md has links to files that are not in git: ${missing.join(', ')}`)
    return `${files.length} of ${files.length}`
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
  'the packed package works in each Node'(folder) {
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
    copyFileSync(join(root, 'scripts/release-smoke.mjs'), join(folder, 'smoke.mjs'))
    run('npm', ['install', pack(folder, pageOf(origin())), '--no-audit', '--no-fund'], folder)
    const versions = NODES.map((major) => {
      const node = nodeOf(major)
      run(node, ['smoke.mjs'], folder)
      return run(node, ['--version'])
    })
    return versions.join(', ')
  },
}

/** @param {unknown} error */
function words(error) {
  const { stderr } = /** @type {{ stderr?: string }} */ (error)
  return stderr || (error instanceof Error ? error.message : String(error))
}

/** @param {string} folder */
async function release(folder) {
  const isDry = process.argv.includes('--dry-run')
  let failed = 0
  for (const [name, check] of Object.entries(checks)) {
    try {
      console.log(`✓ ${name}: ${await check(folder)}`)
    } catch (error) {
      failed++
      console.log(`✗ ${name}\n  ${words(error).replaceAll('\n', '\n  ')}`)
    }
  }
  if (failed > 0)
    throw new Failure(`\n${failed} of ${Object.keys(checks).length} checks failed. Nothing was published.`)
  const tag = `v${manifest().version}`
  const publish = [...PUBLISH, packed(folder)]
  console.log(`\n${isDry ? 'Would run' : 'Running'} npm ${publish.join(' ')}, and git tag ${tag}.`)
  if (isDry) return
  const { status } = spawnSync('npm', publish, { cwd: root, stdio: 'inherit' })
  if (status !== 0) throw new Failure('npm published nothing.')
  run('git', ['tag', tag])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await report(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sojourn-release-'))
    try {
      await release(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
