/** WebKitGTK through its WebDriver, over plain HTTP: the few commands that these tests need. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { miniBrowserPath, webkitDriverPath } from '../browsers.js'
import { startPlainHost } from './plain-host.js'

export interface Driver {
  /** A browser of its own, with an empty profile. */
  newBrowser(): Promise<Browser>
  stop(): Promise<void>
}

export interface Browser {
  /** Opens one more window and returns its handle. */
  newWindow(): Promise<string>
  window(): Promise<string>
  switchTo(handle: string): Promise<void>
  goTo(url: string): Promise<void>
  back(): Promise<void>
  reload(): Promise<void>
  closeWindow(): Promise<void>
  url(): Promise<string>
  /** Runs `body` as a function with `arguments`; a promise is waited for. */
  run<T>(body: string, ...args: unknown[]): Promise<T>
  click(selector: string): Promise<void>
  clickAt(x: number, y: number, times?: number): Promise<void>
  press(key: string): Promise<void>
  enterFrame(selector: string): Promise<void>
  leaveFrame(): Promise<void>
  quit(): Promise<void>
}

/** Ports that the system does not assign by itself: it assigns those from 32768 on Linux, from 49152 elsewhere. */
const FIRST_PORT = 10_240
const PORTS = 20_000
let lastPort = (process.pid * 16) % PORTS

/** A free port that is still free when it is used. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + (++lastPort % PORTS)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false)
      })
      server.listen(port, '127.0.0.1', () => {
        resolve(true)
      })
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}

/**
 * A display of its own, on the first number that is free.
 * Without `-noreset` it starts over when its last client leaves, refuses the browser that comes in that moment,
 * and the driver waits for that browser for ever.
 */
async function startDisplay(): Promise<{ display: string; process: ChildProcess }> {
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const number = await new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => {
      reject(new Error(`Xvfb ended with ${String(code)}`))
    })
    server.stdio[3]?.once('data', (chunk: Buffer) => {
      resolve(chunk.toString().trim())
    })
  })
  return { display: `:${number}`, process: server }
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  const exit = new Promise((resolve) => process.once('exit', resolve))
  process.kill()
  await exit
}

/** How long a browser may take to start, ms. */
const START = 60_000

/** Rejects when a process ends, or when what it writes says that it is of no use. */
function failureOf(child: ChildProcess, name: string, isUseless?: RegExp): Promise<never> {
  let said = ''
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      reject(new Error(`${name} ended (${String(code ?? signal)}): ${said}`))
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (isUseless?.test(said)) reject(new Error(`${name}: ${said}`))
    })
  })
  // Each process ends in time, even if the caller has stopped waiting.
  failed.catch(() => undefined)
  return failed
}

export async function startDriver(): Promise<Driver> {
  const [display, port, plainHost] = await Promise.all([startDisplay(), freePort(), startPlainHost()])
  const browsers = new Set<ChildProcess>()
  // The sandbox needs user namespaces, which containers seldom have.
  const sandbox = { WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' }
  const env = { ...process.env, ...sandbox, DISPLAY: display.display, NO_AT_BRIDGE: '1' }
  const driver = spawn(webkitDriverPath(), [`--port=${String(port)}`], { stdio: ['ignore', 'ignore', 'pipe'], env })
  const base = `http://127.0.0.1:${String(port)}`

  async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await fetch(base + path, {
      method,
      ...(signal && { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const { value } = (await response.json()) as { value: T }
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`)
    return value
  }

  async function ready(): Promise<void> {
    for (const until = Date.now() + 60_000; Date.now() < until;) {
      if (
        await call('GET', '/status').then(
          () => true,
          () => false,
        )
      )
        return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('WebKitWebDriver does not answer')
  }
  await Promise.race([ready(), failureOf(driver, 'WebKitWebDriver')])

  async function newBrowser(): Promise<Browser> {
    // Started here, not by the driver: that one takes any free port, gives it up for the browser to use, and waits for ever
    // where another process has it by then, or where the browser has ended.
    const address = `127.0.0.1:${String(await freePort())}`
    const browser = spawn(miniBrowserPath(), ['--automation'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...env, WEBKIT_INSPECTOR_SERVER: address },
    })
    browsers.add(browser)
    const failed = failureOf(browser, 'MiniBrowser', /Failed to start remote inspector server/)
    const capabilities = {
      capabilities: {
        alwaysMatch: {
          browserName: 'MiniBrowser',
          acceptInsecureCerts: true,
          // For whatever comes over plain http: with a `noProxy` MiniBrowser crashes now and then.
          proxy: { proxyType: 'manual', httpProxy: `127.0.0.1:${String(plainHost.port)}` },
          'webkitgtk:browserOptions': { targetAddress: address },
          timeouts: { script: 20_000, pageLoad: 30_000 },
        },
      },
    }
    const answered = call<{ sessionId: string }>('POST', '/session', capabilities, AbortSignal.timeout(START))
    answered.catch(() => undefined)
    const { sessionId } = await Promise.race([answered, failed])
    const at = `/session/${sessionId}`
    const element = async (selector: string): Promise<Record<string, string>> =>
      call('POST', `${at}/element`, { using: 'css selector', value: selector })
    return {
      newWindow: async () => (await call<{ handle: string }>('POST', `${at}/window/new`, { type: 'tab' })).handle,
      window: () => call('GET', `${at}/window`),
      switchTo: (handle) => call('POST', `${at}/window`, { handle }),
      goTo: (url) => call('POST', `${at}/url`, { url }),
      back: () => call('POST', `${at}/back`, {}),
      reload: () => call('POST', `${at}/refresh`, {}),
      closeWindow: () => call('DELETE', `${at}/window`),
      url: () => call('GET', `${at}/url`),
      async run(body, ...args) {
        const script = `const done = arguments[arguments.length - 1]
          const given = Array.from(arguments).slice(0, -1);
          (async (...args) => { ${body} })(...given).then((value) => done({ value }), (error) => done({ error: String(error) }))`
        const { value, error } = await call<{ value?: never; error?: string }>('POST', `${at}/execute/async`, {
          script,
          args,
        })
        if (error !== undefined) throw new Error(error)
        return value as never
      },
      async click(selector) {
        const id = Object.values(await element(selector))[0]
        await call('POST', `${at}/element/${String(id)}/click`, {})
      },
      clickAt: (x, y, times = 1) =>
        call('POST', `${at}/actions`, {
          actions: [
            {
              type: 'pointer',
              id: 'mouse',
              parameters: { pointerType: 'mouse' },
              actions: [
                { type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 0 },
                ...Array.from({ length: times }, () => ['pointerDown', 'pointerUp'])
                  .flat()
                  .map((type) => ({ type, button: 0 })),
              ],
            },
          ],
        }),
      press: (key) =>
        call('POST', `${at}/actions`, {
          actions: [
            {
              type: 'key',
              id: 'keyboard',
              actions: [
                { type: 'keyDown', value: key },
                { type: 'keyUp', value: key },
              ],
            },
          ],
        }),
      enterFrame: async (selector) => call('POST', `${at}/frame`, { id: await element(selector) }),
      leaveFrame: () => call('POST', `${at}/frame`, { id: null }),
      async quit() {
        await call('DELETE', at)
        await ended(browser)
        browsers.delete(browser)
      },
    }
  }

  return {
    newBrowser,
    async stop() {
      await ended(driver)
      await Promise.all([...browsers].map(ended))
      await ended(display.process)
      plainHost.stop()
    },
  }
}
