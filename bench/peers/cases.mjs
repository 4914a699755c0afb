// @ts-check

// What happens with each library when a token is refreshed and something goes wrong: real tabs, and a server that detects reuse.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { chromium } from '@playwright/test'
import { build } from 'esbuild'
import { root } from '../../scripts/lib.mjs'
import { folder, peers } from './install.mjs'
import { startServer } from './server.mjs'

/** @typedef {import('@playwright/test').Page} Page */
/** @typedef {import('@playwright/test').BrowserContext} Context */
/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */
/** @typedef {{ server: Server, context: Context, open: () => Promise<Page> }} Scene */

/** @param {string} name */
async function bundle(name) {
  const { outputFiles } = await build({
    stdin: { contents: readFileSync(join(root, 'bench/peers', `${name}.js`), 'utf8'), resolveDir: folder },
    alias: {
      'sojourn/oauth': join(root, 'dist/servers/oauth.js'),
      'sojourn/tokens/idb': join(root, 'dist/tokens/stores/idb.js'),
      sojourn: join(root, 'dist/index.js'),
    },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** Asks for a token: its value, or the error's words. @param {Page} page */
const ask = (page) =>
  page.evaluate('peer.token().then((token) => token ?? "none", (error) => "error: " + error.message)')
/** @param {Page} page @returns {Promise<boolean>} */
const isSignedIn = (page) => page.evaluate('Promise.resolve(peer.isSignedIn())')

/**
 * As many tabs, and then the tokens of a sign-in, of which the access token has expired: a library that refreshes by itself when a
 * page is loaded has not done so.
 *
 * @param {Scene} scene
 * @param {number} [count]
 * @returns {Promise<[Page, ...Page[]]>}
 */
async function signedIn({ server, open }, count = 1) {
  /** @type {[Page, ...Page[]]} */
  const tabs = [await open()]
  while (tabs.length < count) tabs.push(await open())
  const given = /** @type {const} */ ([server.issue(), server.claims()])
  await tabs[0].evaluate(([tokens, claims]) => window.peer.seed(tokens, claims), given)
  // What one tab has written is in the storage of all.
  await setTimeout(500)
  return tabs
}

/** One caller that asks again and again for nine seconds. @param {Scene} scene @param {Page} page */
async function poll(scene, page) {
  const end = Date.now() + 9_000
  while (Date.now() < end) {
    await ask(page)
    await setTimeout(300)
  }
  const calls = scene.server.calls()
  scene.server.setFault('none')
  return calls
}

/** Whether the session can be used again within ten seconds. @param {Scene} scene @param {Page} page */
async function outcome({ server }, page) {
  const start = Date.now()
  do {
    const token = String(await ask(page))
    if (server.isRevoked()) return 'tokens revoked'
    if (!(await isSignedIn(page))) return 'signed out'
    if (!token.startsWith('error') && token !== 'none') return 'signed in'
    await setTimeout(500)
  } while (Date.now() < start + 10_000)
  return 'signed in, without a token for ten seconds'
}

/** @param {number} count */
const callsOf = (count) => `${count} ${count === 1 ? 'call' : 'calls'}`

/** @type {Readonly<Record<string, (scene: Scene) => Promise<string>>>} */
const cases = {
  async 'ten callers need a token at once'(scene) {
    const [page] = await signedIn(scene)
    const errors = await page.evaluate(
      'Promise.allSettled(Array.from({ length: 10 }, () => peer.token())).then((all) => all.filter(({ status }) => status === "rejected").length)',
    )
    return `${callsOf(scene.server.calls())}, ${errors} errors`
  },
  async 'five tabs need a token at once'(scene) {
    const tabs = await signedIn(scene, 5)
    await Promise.all(tabs.map(ask))
    const calls = scene.server.calls()
    const outcomes = await Promise.all(tabs.map((tab) => outcome(scene, tab)))
    return `${callsOf(calls)}, ${[...new Set(outcomes)].join(' or ')}`
  },
  async 'sign-out in one tab while another refreshes'(scene) {
    const [one, two = one] = await signedIn(scene, 2)
    scene.server.setFault('slow')
    const refreshing = ask(two)
    await setTimeout(500)
    await one.evaluate('peer.signOut()')
    await refreshing
    await setTimeout(1_500)
    await one.reload()
    await one.waitForFunction('window.peer')
    return (await isSignedIn(one)) ? 'signed in again' : 'signed out'
  },
  async '503 for nine seconds'(scene) {
    const [page] = await signedIn(scene)
    scene.server.setFault('unavailable')
    const calls = await poll(scene, page)
    return `${callsOf(calls)}, ${await outcome(scene, page)}`
  },
  async '429 with Retry-After: 5 for nine seconds'(scene) {
    const [page] = await signedIn(scene)
    scene.server.setFault('limited')
    const calls = await poll(scene, page)
    return `${callsOf(calls)}, ${await outcome(scene, page)}`
  },
  async 'the clock is two hours ahead'(scene) {
    await scene.context.clock.install({ time: Date.now() + 2 * 3_600_000 })
    const [page] = await signedIn(scene)
    const calls = await poll(scene, page)
    return `${callsOf(calls)}, ${await outcome(scene, page)}`
  },
}

/** A machine that sleeps for eight hours: timers are late, and the clock is not. @type {Readonly<Record<string, (page: Page) => Promise<string>>>} */
const sleeps = {
  async 'a laptop sleeps past the deadline, then the mouse moves'(page) {
    await page.evaluate('idle.start(false)')
    await move(page)
    await page.context().clock.fastForward('08:00:00')
    await move(page)
    return (await page.evaluate('idle.isOver()')) ? 'over' : 'active'
  },
  async 'the same with a warning, and then "stay signed in"'(page) {
    await page.evaluate('idle.start(true)')
    await move(page)
    await page.context().clock.fastForward('09:10')
    await page.context().clock.fastForward('08:00:00')
    await page.evaluate('idle.stay()')
    return (await page.evaluate('idle.isOver()')) ? 'over' : 'active'
  },
}

/** A second of a mouse that moves. @param {Page} page */
async function move(page) {
  for (let x = 0; x < 10; x++) {
    await page.mouse.move(100 + x * 10, 100)
    await setTimeout(100)
  }
}

/** A library with its version, as `install` has it. @param {string} name */
function labelOf(name) {
  const [, version] = peers.find(([peer]) => peer.includes(name)) ?? []
  return version ? `${name} ${version}` : 'Sojourn'
}

/** @param {readonly string[]} names @param {readonly string[][]} rows */
const table = (names, rows) =>
  [['', ...names], ['', ...names].map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

/**
 * What each of these does in each case, as a table in Markdown.
 *
 * @template T
 * @param {readonly string[]} names
 * @param {Readonly<Record<string, (scene: T) => Promise<string>>>} cases
 * @param {(scene: Scene) => T | Promise<T>} prepare
 * @param {string} member that a page has when it is ready
 */
async function play(names, cases, prepare, member) {
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  try {
    const rows = []
    for (const [what, act] of Object.entries(cases)) {
      const row = [what]
      for (const name of names) {
        const server = await startServer(await bundle(name))
        const context = await browser.newContext()
        const open = async () => {
          const page = await context.newPage()
          await page.goto(server.origin)
          await page.waitForFunction(`window.${member}`)
          return page
        }
        row.push(await act(await prepare({ server, context, open })))
        console.log(`${what}: ${name}: ${row.at(-1)}`)
        await context.close()
        server.close()
      }
      rows.push(row)
    }
    return table(names.map(labelOf), rows)
  } finally {
    await browser.close()
  }
}

export const refreshes = () =>
  play(['sojourn', 'oidc-client-ts', 'auth0-spa-js', 'supabase'], cases, (scene) => scene, 'peer')

export const idles = () =>
  play(
    ['sojourn-idle', 'react-idle-timer'],
    sleeps,
    async ({ context, open }) => {
      await context.clock.install()
      return open()
    },
    'idle',
  )
