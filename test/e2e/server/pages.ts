/**
 * The pages of the tests, and the built package as a browser would get it: bundled with a page's script, as modules through an
 * import map, and as the script builds. Bundles and modules are those of package.json's `exports` under the `development`
 * condition, so that tests can read its sentences; the script builds are for production. Every page lives under a strict policy
 * with Trusted Types, so that each test is also one for it.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomBytes } from 'node:crypto'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const types: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.ts': 'text/javascript',
  '.map': 'application/json',
  '.html': 'text/html',
}

export async function importMap(): Promise<string> {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { development?: string; import?: string }>
  }
  const imports: Record<string, string> = {
    'idb-keyval': await browserFile('idb-keyval'),
    '@vue/reactivity': '/node_modules/@vue/reactivity/dist/reactivity.esm-browser.prod.js',
  }
  for (const [subpath, target] of Object.entries(exports)) {
    const file = typeof target === 'string' ? target : (target.import ?? target.development)
    if (file?.endsWith('.js')) imports[`sojourn${subpath.slice(1)}`] = file.slice(1)
  }
  return JSON.stringify({ imports })
}

/** Where a dependency keeps its ES module, found as Node finds it. */
async function browserFile(name: string): Promise<string> {
  const entry = createRequire(join(root, 'package.json')).resolve(name)
  const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}`)) + `node_modules/${name}`
  const { module, exports } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    module?: string
    exports?: { '.'?: { import?: string; module?: string } }
  }
  const file = exports?.['.']?.module ?? exports?.['.']?.import ?? module
  if (!file) throw new Error(`${name} has no ES module`)
  return `/node_modules/${name}/${normalize(file)}`
}

/** No page requests a favicon, which its policy would not allow. */
const icon = '<link rel="icon" href="data:,">'

interface PageParts {
  readonly title: string
  readonly scripts: readonly string[]
  readonly body: string
  /** Origins that may be framed, besides this one. */
  readonly frames?: string
  /** Whether `<embed>` and `<object>` may show something of this origin. */
  readonly objects?: boolean
  /** Origins that may be asked, besides this one. */
  readonly asks?: string
  /** Whether the page may have a `<base>`. */
  readonly base?: boolean
  /** The scripts of a frame whose document is in an attribute of the page. */
  readonly srcdoc?: readonly string[]
  /** Libraries in the page may add style elements. */
  readonly styles?: boolean
  /** A page that the browser is to prerender. */
  readonly ahead?: string | null
}

async function page(parts: PageParts): Promise<{ html: string; policy: string }> {
  const nonce = randomBytes(16).toString('base64')
  const imports = await importMap()
  const headOf = (scripts: readonly string[]): string => `${icon}
<script type="importmap" nonce="${nonce}">${imports}</script>
${scripts.map((src) => `<script ${src.endsWith('.ts') ? 'type="module"' : ''} nonce="${nonce}" src="${src}"></script>`).join('\n')}`
  const rules = parts.ahead ? JSON.stringify({ prerender: [{ urls: [parts.ahead], eagerness: 'immediate' }] }) : ''
  const inner = parts.srcdoc && `<!doctype html>${headOf(parts.srcdoc)}`.replace(/&/g, '&amp;').replace(/"/g, '&quot;')
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${parts.title}</title>
${headOf(parts.scripts)}
${rules && `<script type="speculationrules" nonce="${nonce}">${rules}</script>`}
</head>
<body>
${parts.ahead ? `<a id="ahead" href="${parts.ahead.replace(/&/g, '&amp;')}">The page that was rendered ahead</a>` : ''}
${parts.body}
${inner ? `<iframe id="frame" title="Without an address" srcdoc="${inner}"></iframe>` : ''}
</body>
</html>
`
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `connect-src 'self' ${parts.asks ?? ''}`,
    // Firefox asks for the icon of a page that comes back from its back/forward cache, whatever the page said.
    `img-src 'self' data:`,
    ...(parts.styles ? [`style-src 'unsafe-inline'`] : []),
    ...(parts.objects ? [`object-src 'self'`] : []),
    ...(parts.frames === undefined ? [] : [`frame-src 'self' ${parts.frames}`]),
    `base-uri ${parts.base ? '*' : "'none'"}`,
    `require-trusted-types-for 'script'`,
    `trusted-types 'none'`,
  ].join('; ')
  return { html, policy }
}

const controls = `<main id="app">…</main>
<p><input id="text" aria-label="Text"> <button id="press" type="button">Press</button></p>
<p><a id="away" href="/away">Away</a> <a id="download" href="/download">Download</a> <a id="nowhere" href="/no-content">Nowhere</a></p>
<p id="drag" draggable="true">Drag me</p>
<p id="drop">Drop here</p>
`

/** A form that the user is filling in. */
const form = `<main><h1>Your claim</h1>
<p><label>Name <input id="name" value="Ada Lovelace"></label></p>
<p><label>What happened <textarea id="story" rows="4" cols="40">The pipe burst on Monday, and the cellar was full of water.</textarea></label></p>
<p id="notes" contenteditable="true" role="textbox" aria-label="Notes">Some notes about it.</p>
<p id="shadow"></p>
<p><iframe id="frame" src="/inner" title="Inner"></iframe></p>
<p><button id="press" type="button">Send</button></p></main>`

/** What shows something and sends no events, by its name; a closed shadow tree is made by the parser. */
function viewer(name: string, other: string): string {
  const size = 'width="600" height="400"'
  const viewers: Record<string, string> = {
    embed: `<embed src="/document.pdf" type="application/pdf" ${size}>`,
    object: `<object data="/document.pdf" type="application/pdf" ${size}></object>`,
    iframe: `<iframe src="/document.pdf" title="Document" ${size}></iframe>`,
    foreign: `<iframe src="${other}/inner" title="Inner" ${size}></iframe>`,
  }
  const [kind = '', place] = name.split(' in ')
  const html = viewers[kind] ?? ''
  return place ? `<div><template shadowrootmode="closed">${html}</template></div>` : html
}

/** A document of so many empty pages. */
function pdf(pages: number): string {
  const numbers = Array.from({ length: pages }, (_none, i) => i + 3)
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${numbers.map((number) => `${String(number)} 0 R`).join(' ')}] /Count ${String(pages)} >>`,
    ...numbers.map(() => '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] /Resources << >> >>'),
  ]
  let text = '%PDF-1.4\n'
  const starts = objects.map((object, i) => {
    const start = text.length
    text += `${String(i + 1)} 0 obj\n${object}\nendobj\n`
    return `${String(start).padStart(10, '0')} 00000 n \n`
  })
  const size = String(objects.length + 1)
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${starts.join('')}`
  return `${text}${table}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${String(text.length)}\n%%EOF`
}

/** Answers GETs of pages and files; false where there is none. */
export async function handlePages(request: IncomingMessage, response: ServerResponse, other: string): Promise<boolean> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const path = url.pathname
  const send = (html: string, policy?: string): true => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      // Mostly cacheable, as the pages of a static application are: what the back/forward cache needs in all engines.
      'cache-control': path === '/unstored' ? 'no-store' : 'max-age=60',
      ...(policy ? { 'content-security-policy': policy } : {}),
    })
    response.end(html)
    return true
  }
  const sendPage = async (parts: PageParts): Promise<true> => {
    const ahead = JSON.parse(url.searchParams.get('ahead') ?? 'null') as string | null
    const { html, policy } = await page({ ahead, ...parts })
    return send(html, policy)
  }
  switch (path) {
    case '/app':
    case '/unstored':
      return sendPage({ title: 'App', scripts: ['/test/e2e/pages/app.ts'], body: controls })
    case '/connect':
      return sendPage({
        title: 'With a connection',
        scripts: ['/test/e2e/pages/connect.ts'],
        body: controls,
        // To some browsers `'self'` is no WebSocket: https://github.com/w3c/webappsec-csp/issues/7.
        asks: `ws://${String(request.headers.host)}`,
      })
    case '/far':
      return sendPage({
        title: 'A token server elsewhere',
        scripts: ['/test/e2e/pages/app.ts'],
        body: controls,
        asks: other,
      })
    case '/script':
      return sendPage({
        title: 'Script build',
        scripts: ['/dist/sojourn.min.js', '/test/e2e/pages/script.ts'],
        body: controls,
      })
    case '/old':
      return sendPage({
        title: 'Script build of another version',
        scripts: ['/test/e2e/versions/0.1.0.min.js', '/test/e2e/pages/script.ts'],
        body: controls,
      })
    case '/core-script':
      return sendPage({
        title: 'Core script build',
        scripts: ['/dist/sojourn.core.min.js', '/test/e2e/pages/script.ts'],
        body: controls,
      })
    case '/dialog':
      return sendPage({
        title: 'Claim',
        scripts: ['/node_modules/axe-core/axe.min.js', '/test/e2e/pages/dialog.ts'],
        body: form,
        frames: '',
      })
    case '/modals':
      return sendPage({
        title: 'Claim',
        scripts: ['/node_modules/axe-core/axe.min.js', '/test/e2e/pages/dialog.ts', '/test/e2e/pages/modals.ts'],
        body: form,
        frames: '',
        styles: true,
      })
    case '/inspector':
      return sendPage({
        title: 'In development',
        scripts: ['/node_modules/axe-core/axe.min.js', '/test/e2e/pages/inspector.ts'],
        body: '<main><h1>Play</h1></main>',
      })
    case '/contract':
      return sendPage({ title: 'Contract', scripts: ['/test/e2e/pages/contract.ts'], body: '' })
    case '/ports':
      return sendPage({ title: 'Ports', scripts: ['/test/e2e/pages/ports.ts'], body: '' })
    case '/names':
      return sendPage({ title: 'Applications', scripts: ['/test/e2e/pages/names.ts'], body: '' })
    case '/data':
      return sendPage({ title: 'Data', scripts: ['/test/e2e/pages/data.ts'], body: '' })
    case '/urls':
      return sendPage({
        title: 'With a base and a frame',
        scripts: ['/test/e2e/pages/urls.ts'],
        srcdoc: ['/test/e2e/pages/urls.ts'],
        body: '',
        frames: '',
        base: true,
      })
    case '/servers':
      return sendPage({
        title: 'Servers elsewhere',
        scripts: ['/test/e2e/pages/servers.ts'],
        body: '',
        asks: url.searchParams.get('asks') ?? '',
      })
    case '/framed':
      return sendPage({
        title: 'With a frame of its own',
        scripts: ['/test/e2e/pages/app.ts'],
        body: `${controls}<iframe id="frame" src="/inner" title="Inner"></iframe>`,
        frames: '',
      })
    case '/sandboxed':
      // An opaque origin: no storage, no locks, no channel that reaches anybody.
      return sendPage({
        title: 'With a sandboxed frame',
        scripts: ['/test/e2e/pages/app.ts'],
        body: `${controls}<iframe id="frame" sandbox="allow-scripts" src="/app?${url.searchParams.toString()}" title="App"></iframe>`,
        frames: '',
      })
    case '/embedding': {
      // The application inside a page of another site, where browsers give it storage of its own.
      const site = other.replace('localhost', '127.0.0.1')
      return sendPage({
        title: 'With the application of another site',
        scripts: ['/test/e2e/pages/app.ts'],
        body: `${controls}<iframe id="frame" src="${site}/app?${url.searchParams.toString()}" title="App"></iframe>`,
        frames: site,
      })
    }
    case '/cross-framed':
      return sendPage({
        title: 'With a foreign frame',
        scripts: ['/test/e2e/pages/app.ts'],
        body: `${controls}<iframe id="frame" src="${other}/inner" title="Inner"></iframe>`,
        frames: other,
      })
    case '/viewers':
      return sendPage({
        title: 'With viewers',
        scripts: ['/test/e2e/pages/app.ts'],
        body: `${controls}<div id="viewer">${viewer(String(JSON.parse(url.searchParams.get('viewer') ?? '""')), other)}</div>`,
        frames: other,
        objects: true,
      })
    case '/document.pdf':
      response.writeHead(200, { 'content-type': 'application/pdf' }).end(pdf(20))
      return true
    case '/inner':
      return send(
        `<!doctype html><title>Inner</title>${icon}<input id="inner-text" aria-label="Text"><button id="inner-press">Press</button>`,
      )
    case '/away':
      return send(`<!doctype html><title>Away</title>${icon}<p>Somewhere else. <a id="back" href="/app">App</a></p>`)
    case '/empty':
      return send(`<!doctype html><title>Empty</title>${icon}<p>No script here.</p>`)
    case '/download':
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="report.bin"',
      })
      response.end('report')
      return true
    case '/cookie':
      // As a server does at a sign-in or a sign-out.
      response.writeHead(204, { 'set-cookie': `sid=${randomBytes(8).toString('hex')}; HttpOnly; Path=/` }).end()
      return true
    case '/clear':
      response.writeHead(204, { 'clear-site-data': url.searchParams.get('what') ?? '' }).end()
      return true
    case '/hang':
      return true
    case '/favicon.ico':
    case '/no-content':
      response.writeHead(204).end()
      return true
    default:
      return sendFile(path, response)
  }
}

const allowed = [
  '/dist/',
  '/src/',
  '/test/e2e/pages/',
  '/test/e2e/versions/',
  '/test/contract/',
  '/node_modules/idb-keyval/',
  '/node_modules/@vue/reactivity/',
  '/node_modules/axe-core/',
]

async function sendFile(path: string, response: ServerResponse): Promise<boolean> {
  if (!allowed.some((prefix) => path.startsWith(prefix)) || path.includes('..')) return false
  const found = await readFirst(/^\/(src|test)\/.*\.js$/.test(path) ? [path.replace(/\.js$/, '.ts'), path] : [path])
  if (!found) return false
  const body = isBundled(found.path)
    ? await bundled(found.path)
    : found.path.endsWith('.ts')
      ? (await transform(found.text, { loader: 'ts', format: 'esm' })).code
      : found.text
  response.writeHead(200, {
    'content-type': types[extname(found.path)] ?? 'application/octet-stream',
    'cache-control': 'max-age=60',
    // A sandboxed page asks for its modules from an origin of its own.
    'access-control-allow-origin': '*',
  })
  response.end(body)
  return true
}

/** Pages that get the library as modules through the import map, as a browser loads them without a bundler. */
const AS_MODULES = ['contract', 'names', 'ports', 'servers', 'urls', 'worker'].map(
  (name) => `/test/e2e/pages/${name}.ts`,
)

/**
 * The others come with all that they import in one file, as applications do. As modules a page takes 36 requests: to report each
 * of them to its driver, Firefox needs more of a processor than for the page itself.
 */
const isBundled = (path: string): boolean => /^\/test\/e2e\/pages\/[^/]+\.ts$/.test(path) && !AS_MODULES.includes(path)

const bundles = new Map<string, Promise<string>>()

/** Recipes import our sources; in a page they get what is published. */
const published: Plugin = {
  name: 'published',
  setup(build) {
    build.onResolve({ filter: /\/src\/(index|data)\.js$/ }, ({ path, resolveDir, kind }) =>
      build.resolve(path.endsWith('data.js') ? 'sojourn/data' : 'sojourn', { resolveDir, kind }),
    )
  },
}

/** A page's script with all that it imports. Made once. */
function bundled(path: string): Promise<string> {
  const made =
    bundles.get(path) ??
    build({
      entryPoints: [join(root, path)],
      bundle: true,
      write: false,
      format: 'esm',
      conditions: ['development'],
      // Without `paths` of tsconfig.json, by which the compiler finds our sources under the names of what is published.
      tsconfigRaw: {},
      // A page's script is imported for what it does.
      ignoreAnnotations: true,
      define: { 'process.env.NODE_ENV': '"production"' },
      plugins: [published],
    }).then(({ outputFiles }) => outputFiles[0]!.text)
  bundles.set(path, made)
  return made
}

async function readFirst(paths: readonly string[]): Promise<{ path: string; text: string } | null> {
  for (const path of paths) {
    try {
      return { path, text: await readFile(join(root, path), 'utf8') }
    } catch {
      // Not this one.
    }
  }
  return null
}

export const projectRoot: string = dirname(join(root, 'package.json'))
