/** The examples of examples/, each started as its reader would start it; scripts/examples.mjs has installed them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import type { Page } from '@playwright/test'
import { environmentOf, folderOf, isInstalled } from '../../scripts/examples.mjs'
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

/**
 * Resolves once a tool prints an address with `port`: it may print that of another process, which it has found at work in the same
 * folder. Rejects with all that it has printed where it ends before.
 */
function listening(child: ChildProcess, port: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => {
      reject(new Error(`Nothing on port ${port} after ${START / 1000} s:\n${output}`))
    }, START)
    const read = (chunk: unknown): void => {
      output += String(chunk)
      // A server in production names the address at which it listens, which may be all addresses.
      if (!new RegExp(`http://\\S+:${port}\\b`).test(output)) return
      clearTimeout(timer)
      resolve()
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('close', (status) => {
      clearTimeout(timer)
      reject(new Error(`npm run dev ended with ${String(status)}:\n${output}`))
    })
  })
}

/** `npm run dev` of an example, or another script that serves it, on a port of its own. */
export async function startExample(name: string, script = 'dev'): Promise<{ url: string; stop: () => Promise<void> }> {
  if (!isInstalled(name)) throw new Error(`Run node scripts/examples.mjs --install ${name}`)
  const port = String(await freePort())
  // A group of its own: npm starts a shell, which starts the tool.
  const child = spawn('npm', ['run', script, '--', '--port', port], {
    cwd: folderOf(name),
    env: { ...environmentOf(name), PORT: port, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const end = (): boolean => {
    const isRunning = child.pid !== undefined && child.exitCode === null && child.signalCode === null
    return isRunning && process.kill(-child.pid, 'SIGTERM')
  }
  // A run that is interrupted would leave it behind, and tools start no second one in the same folder.
  process.once('exit', end)
  const stop = async (): Promise<void> => {
    process.off('exit', end)
    const closed = once(child, 'close')
    if (end()) await closed
  }
  try {
    await listening(child, port)
    return { url: `http://localhost:${port}`, stop }
  } catch (error) {
    await stop()
    throw error
  }
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
    const stops: (() => Promise<void>)[] = []
    await use(async (name) => {
      const { url, stop } = await startExample(name)
      stops.push(stop)
      return url
    })
    await Promise.all(stops.map((stop) => stop()))
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
