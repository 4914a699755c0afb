import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDemo, type Demo } from '../../demo/server/start.mjs'
import { root } from '../../scripts/lib.mjs'
import { chromiumPath } from '../e2e/browsers.js'
import { subpaths } from './subpaths.js'

/** The code of a page, by the name of each file; `until` is where it stops. */
function codeOf(page: string, until?: string): ReadonlyMap<string, string> {
  const [text = ''] = readFileSync(join(root, page), 'utf8').split(until ?? /$/)
  return new Map(
    [...text.matchAll(/^```\w+\n(?:\/\/|<!--) ([\w./-]+).*\n([^]*?)^```$/gm)].map(
      ([, name = '', code = '']) => [name, code] as const,
    ),
  )
}

/** The five steps, without what follows them. */
const files = codeOf('docs/start.md', '\n## With another login')

/** The example's provider and API are those of the demo here. */
let code: (name: string) => string
let demo: Demo
let app: Server
let origin = ''
let script = ''
let idleTimeout = "'15m'"
let browser: Browser
/** What pages say in their consoles, and errors. */
const complaints: string[] = []

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code('src/main.ts'), loader: 'ts', resolveDir: join(root, 'src') },
    plugins: [
      {
        name: 'guide',
        setup(plugin) {
          plugin.onResolve({ filter: /^\.\/session$/ }, () => ({ path: 'src/session.ts', namespace: 'guide' }))
          plugin.onLoad({ filter: /.*/, namespace: 'guide' }, ({ path }) => ({
            contents: code(path),
            loader: 'ts',
            resolveDir: root,
          }))
        },
      },
    ],
    alias: Object.fromEntries(subpaths.map(([specifier, file]) => [specifier, join(root, file)]).reverse()),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]!.text
}

beforeAll(async () => {
  app = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any')
    if (pathname === '/src/main.ts') response.setHeader('content-type', 'text/javascript').end(script)
    else if (pathname === '/api/orders')
      response.end(`Orders for ${String(request.headers.authorization?.slice(0, 7))}`)
    else if (pathname === '/') response.setHeader('content-type', 'text/html').end(code('index.html'))
    else response.writeHead(204).end()
  })
  app.listen(0, 'localhost')
  await once(app, 'listening')
  origin = `http://localhost:${String((app.address() as AddressInfo).port)}`
  demo = await startDemo({ keepsSessions: true, accessTokenTtl: 600, redirectUris: [`${origin}/`] })
  code = (name) =>
    (files.get(name) ?? '')
      .replace("'https://id.example.com', clientId: 'app'", `'${demo.issuer}', clientId: '${demo.clientId}'`)
      .replaceAll('https://api.example.com/orders', `${origin}/api/orders`)
      .replaceAll('https://api.example.com', origin)
      .replace("'15m'", idleTimeout)
  script = await bundle()
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu'] })
})

afterAll(async () => {
  await browser.close()
  app.closeAllConnections()
  app.close()
  await demo.close()
})

const open = async (context: BrowserContext): Promise<Page> => {
  const page = await context.newPage()
  page.on('pageerror', ({ message }) => complaints.push(message))
  // The provider's own page may have something to say as well, such as of its field for the name, which this test fills at once.
  page.on('console', (message) => {
    if (page.url().startsWith(origin)) complaints.push(message.text())
  })
  await page.goto(origin)
  return page
}
const who = (page: Page, words: string): Promise<void> => page.getByText(words, { exact: true }).waitFor()

test('the five steps of docs/start.md sign in, greet in each tab, call an API, and sign out everywhere', async () => {
  const context = await browser.newContext()
  const page = await open(context)
  await who(page, 'Nobody is signed in.')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#name').fill('Ada')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await who(page, 'Hello, Ada')
  expect(page.url()).toBe(`${origin}/`)
  const other = await open(context)
  await who(other, 'Hello, Ada')
  await other.getByRole('button', { name: 'Show my orders' }).click()
  await who(other, 'Orders for Bearer ')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await who(other, 'Nobody is signed in.')
  await page.getByRole('button', { name: 'Yes, sign me out here as well' }).click()
  await who(page, 'Nobody is signed in.')
  // The demo's provider has its metadata where OpenID Connect puts it: what the browser says of the other place is in the guide.
  expect(complaints.filter((words) => !/oauth-authorization-server|Failed to load resource/.test(words))).toEqual([])
  expect(demo.counters().total).toMatchObject({ signIns: 1, refreshes: 0, revocations: 1 })
  await context.close()
})

test('the five steps of docs/start.md warn in both tabs after 40 s of an idle timeout of one minute', async () => {
  idleTimeout = "'1m'"
  script = await bundle()
  const context = await browser.newContext()
  const tabs = [await open(context), await open(context)]
  await context.clock.install()
  const [page] = tabs as [Page]
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('#name').fill('Ada')
  await page.getByRole('button', { name: 'Sign in' }).click()
  for (const tab of tabs) await who(tab, 'Hello, Ada')
  await context.clock.fastForward(41_000)
  for (const tab of tabs) await tab.getByRole('alertdialog').waitFor()
  await context.clock.fastForward(20_000)
  for (const tab of tabs) await who(tab, 'Nobody is signed in.')
  await page.getByRole('button', { name: 'Sign in' }).click()
  // The provider still knows Ada, and asks all the same.
  await page.locator('#name').waitFor()
  expect(new URL(page.url()).origin).toBe(new URL(demo.url).origin)
  await context.close()
})

const pathOf = (name: string): string => join(root, 'build/start', name)

test.each(['docs/start.md', 'docs/compliance.md', 'docs/errors.md', 'docs/frameworks/plain.md'])(
  'the code of %s has no type errors',
  (page) => {
    const isGuide = page === 'docs/start.md'
    const own = isGuide ? files : new Map([...codeOf(page)].map(([name, text]) => [`src/${name}`, text]))
    // The other pages import the session of the guide, as their readers do.
    const texts = new Map([...files, ...own].map(([name, text]) => [pathOf(name), text]))
    const modules = [...own.keys()].filter((name) => name.endsWith('.ts')).map(pathOf)
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      paths: Object.fromEntries(
        subpaths.map(([specifier, file]) => [specifier, [join(root, file.replace(/js$/, 'd.ts'))]]),
      ),
      strict: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
    }
    const host = ts.createCompilerHost(options)
    const program = ts.createProgram(modules, options, {
      ...host,
      directoryExists: () => true,
      fileExists: (path) => texts.has(path) || host.fileExists(path),
      readFile: (path) => texts.get(path) ?? host.readFile(path),
      getSourceFile(path, ...how) {
        const text = texts.get(path)
        return text === undefined ? host.getSourceFile(path, ...how) : ts.createSourceFile(path, text, how[0])
      },
    })
    expect(modules).not.toEqual([])
    expect(ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host)).toBe('')
  },
)
