import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../scripts/lib.mjs'
import { chromiumPath } from '../e2e/browsers.js'
import { manifest, plain } from './subpaths.js'

const CSP =
  "default-src 'none'; script-src 'nonce-bare'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

/** A page with the script and a line that uses it, under a policy as strict as they come. */
const page = (script: string): string => `<!doctype html>
<title>bare</title>
<script nonce="bare">var before = Object.getOwnPropertyNames(window), added, session</script>
<script nonce="bare" src="/${script}"></script>
<script nonce="bare">
  added = Object.getOwnPropertyNames(window).filter((name) => !before.includes(name))
  session = Sojourn.createSession()
  document.title = session.getSnapshot().phase
</script>`

/** The example of the README, to be pasted at the end of a page. */
const example = (): string => /^```html\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? ''

test.each(['sojourn.min.js', 'sojourn.core.min.js'])(
  '%s is read as UTF-8 by a page that declares no encoding',
  (file) => {
    expect(readFileSync(join(root, 'dist', file), 'latin1')).not.toMatch(/[^\0-\x7f]/)
  },
)

let server: Server
let browser: Browser | undefined
let origin = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1)
    const isScript = /^sojourn[\w.]*\.js(\.map)?$/.test(path)
    if (path !== 'readme') response.setHeader('content-security-policy', CSP)
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? readFileSync(join(root, 'dist', path)) : path === 'readme' ? `<body>${example()}` : page(`${path}.js`),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  origin = `http://localhost:${String((server.address() as AddressInfo).port)}`
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-gpu'] })
})

afterAll(async () => {
  await browser?.close()
  server.closeAllConnections()
  server.close()
})

async function open(path: string): Promise<{ tab: Page; complaints: string[] }> {
  const tab = await browser!.newPage()
  const complaints: string[] = []
  tab.on('pageerror', (error) => complaints.push(error.message))
  tab.on('console', (message) => complaints.push(message.text()))
  tab.on('requestfailed', (request) => complaints.push(request.url()))
  // The CDN serves what npm has: the version that the example names is the one that was built.
  await tab.route(`https://cdn.jsdelivr.net/npm/sojourn@${manifest.version}/**`, (route) =>
    route.fulfill({
      path: join(root, new URL(route.request().url()).pathname.replace(/^\/npm\/[^/]+\//, '')),
      headers: { 'access-control-allow-origin': '*', 'content-type': 'text/javascript' },
    }),
  )
  await tab.goto(`${origin}/${path}`)
  return { tab, complaints }
}

/** `content`: names, or files of modules. */
const namesOf = async (content: readonly string[]): Promise<string[]> => {
  const files = content.filter((one) => one.endsWith('.js'))
  const modules = await Promise.all(files.map((file) => import(join(root, file)) as Promise<object>))
  return [...content.filter((one) => !files.includes(one)), ...modules.flatMap((module) => Object.keys(module))].sort()
}

describe('the script build in a bare page', () => {
  test.each([
    // Without tokens.
    ['sojourn.core.min', ['createSession', 'isSessionError', 'SessionError']],
    // Everything but what is for tests, for development, or for a framework.
    ['sojourn.min', plain.flatMap(([specifier, file]) => (/testing|inspector|otel/.test(specifier) ? [] : [file]))],
    ['sojourn.dev', plain.flatMap(([specifier, file]) => (/testing|inspector|otel/.test(specifier) ? [] : [file]))],
  ])('%s defines Sojourn, nothing else, and works under a strict policy', async (script, content) => {
    const { tab, complaints } = await open(script)
    expect(await tab.title()).toBe('signedOut')
    expect(await tab.evaluate('added')).toEqual(['Sojourn'])
    expect(await tab.evaluate('Object.keys(Sojourn).sort()')).toEqual(await namesOf(content))
    await tab.evaluate('session.signIn()')
    expect(await tab.evaluate('session.getSnapshot().phase')).toBe('active')
    expect(await tab.evaluate('session.destroy()')).toBeUndefined()
    expect(complaints).toEqual([])
  })

  test('the example of the README works', async () => {
    const { tab, complaints } = await open('readme')
    // The browser has compared the script with `integrity`.
    expect(await tab.evaluate('session.signIn().then(() => session.getSnapshot().phase)')).toBe('active')
    expect(complaints).toEqual([])
  })
})
