/** The examples of examples/, each started as its reader would start it; scripts/examples.mjs has installed them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import type { Page } from '@playwright/test'
import { folderOf, isInstalled } from '../../scripts/examples.mjs'
import { expect, test as base } from './fixtures.js'

export { expect }

/** How long a tool may take until it serves, ms: on two busy cores. */
const START = 60_000

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The address that a tool prints, once it prints one. Rejects with all that it has printed where it ends before. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => {
      reject(new Error(`No address after ${START / 1000} s:\n${output}`))
    }, START)
    const read = (chunk: unknown): void => {
      output += String(chunk)
      const [address] = /http:\/\/localhost:\d+/.exec(output) ?? []
      if (!address) return
      clearTimeout(timer)
      resolve(address)
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('close', (status) => {
      clearTimeout(timer)
      reject(new Error(`npm run dev ended with ${String(status)}:\n${output}`))
    })
  })
}

interface Fixtures {
  /** `npm run dev` of an example, on a port of its own; returns its address. */
  start: (name: string) => Promise<string>
  /** Opens a tab. At the end of the test it fails where one has complained in its console. */
  open: (url: string) => Promise<Page>
}

export const test = base.extend<Fixtures>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  start: async ({}, use) => {
    const children: ChildProcess[] = []
    await use(async (name) => {
      if (!isInstalled(name)) throw new Error(`Run node scripts/examples.mjs --install ${name}`)
      const port = String(await freePort())
      // A group of its own: npm starts a shell, which starts the tool.
      const child = spawn('npm', ['run', 'dev', '--', '--port', port], {
        cwd: folderOf(name),
        env: { ...process.env, PORT: port, NO_COLOR: '1', FORCE_COLOR: '0' },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      children.push(child)
      return addressOf(child)
    })
    for (const child of children) {
      if (child.exitCode !== null || !child.pid) continue
      process.kill(-child.pid, 'SIGTERM')
      await once(child, 'close')
    }
  },
  // Real lengths of time, without the waiting.
  context: async ({ context }, use) => {
    await context.clock.install()
    await use(context)
  },
  open: async ({ context }, use) => {
    const complaints: string[] = []
    await use(async (url) => {
      const page = await context.newPage()
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (message) => {
        // What the tools of the examples say of themselves.
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      await page.goto(url)
      return page
    })
    expect(complaints).toEqual([])
  },
})
