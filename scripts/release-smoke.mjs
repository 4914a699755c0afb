// @ts-check

// What a release has to do in each version of Node: every module loads that needs nothing beside it, and an answer and a sign-out
// in one tab reach the other. scripts/release.mjs runs it in a folder in which the packed package is installed.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** @type {{ exports: Record<string, string | object>, peerDependencies: Record<string, string> }} */
const manifest = JSON.parse(readFileSync('node_modules/sojourn/package.json', 'utf8'))
/** Modules for a framework or another library, which an application has beside them. */
const needy = ['./angular', './login', './react', './solid', './svelte', './vue']
for (const key of Object.keys(manifest.exports)) {
  if (key === './package.json' || needy.includes(key)) continue
  assert.notDeepEqual(Object.keys(await import(`sojourn${key.slice(1)}`)), [], `${key} exports nothing`)
}

/** By a name that no compiler follows: the package is in the folder in which this runs. */
const name = 'sojourn/testing'
const { createWorld } = /** @type {typeof import('../src/testing.js')} */ (await import(name))
const options = /** @type {const} */ ({ idleTimeout: '15m', warnBefore: '2m' })
const world = createWorld()
const one = await world.signedIn(options)
const two = world.tab(options)
await world.advance('13m')
assert.deepEqual([one.visible(), two.visible()], ['warning', 'warning'])
await world.until(two.session.extend())
await world.advance('1s')
assert.deepEqual([one.visible(), two.visible()], ['active', 'active'])
await world.until(one.session.signOut())
await world.advance('1s')
assert.deepEqual([one.visible(), two.visible()], ['signedOut', 'signedOut'])
