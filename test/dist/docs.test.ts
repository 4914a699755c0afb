import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, onTestFinished, test, vi } from 'vitest'
import { root } from '../../scripts/lib.mjs'

test('the example of docs/testing.md is the one that runs here', () => {
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(root, 'docs/testing.md'), 'utf8')) ?? []
  expect(example).toBe(readFileSync(join(root, 'test/dist/testing-guide.test.ts'), 'utf8'))
})

test('each test that docs/accessibility.md names is one of the dialog', () => {
  const page = readFileSync(join(root, 'docs/accessibility.md'), 'utf8')
  const tests = readFileSync(join(root, 'test/e2e/dialog.spec.ts'), 'utf8')
  const titles = [...tests.matchAll(/\btest\(\s*'([^']+)'/g)].map(([, title]) => title)
  const named = [...page.matchAll(/(?<=: |; )_([^_]+)_/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(4)
  expect(named.filter((name) => !titles.includes(name))).toEqual([])
})

test('each link of README and docs leads to a file', () => {
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.md'),
  )
  const links = ['README.md', ...pages.map((file) => join('docs', file))].flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/(?:\]\(|img src=")(?!https?:|#)([^)#"\s]+)/g)].map(
      ([, link = '']) => join(dirname(page), link),
    ),
  )
  expect(links).toContain('docs/testing.md')
  expect(links.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

/** Each page of the documentation, by its path. */
const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => ({ file: join('docs', file), text: readFileSync(join(root, 'docs', file), 'utf8') }))
const pageOf = (file: string): string => readFileSync(join(root, file), 'utf8')

test('each code block in the docs says which file it is', () => {
  const nameless = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/^```(?!text|sh)\w+\n(.*)$/gm)]
      .filter(([, first = '']) => !/^(\/\/|<!--) [\w/+-]+(\.[\w-]+)+/.test(first))
      .map(([, first]) => `${file}: ${String(first)}`),
  )
  expect(nameless).toEqual([])
})

test('docs/data.md shows the recipes that are tried in test/unit/data', () => {
  const recipes = readdirSync(join(root, 'test/recipes/data'))
  expect(recipes.length).toBeGreaterThan(3)
  const missing = recipes.filter((file) => {
    const code = pageOf(join('test/recipes/data', file))
    const shown = code.replaceAll('../../../src/index.js', 'sojourn').replaceAll('../../../src/data.js', 'sojourn/data')
    return !pageOf('docs/data.md').includes(`// ${file}\n${shown}`)
  })
  expect(missing).toEqual([])
})

test.each([
  ['guards', 'test/adapters', 'routers'],
  ['steps of a migration', 'test/unit', 'migration'],
])('the docs show the %s that are tried in %s', (_what, _where, folder) => {
  const recipes = readdirSync(join(root, 'test/recipes', folder))
  expect(recipes.length).toBeGreaterThan(1)
  const all = pages.map(({ text }) => text).join()
  const missing = recipes.filter((file) => {
    const code = pageOf(join('test/recipes', folder, file))
    const shown = code.replace(/^ *\/\/ eslint-disable.*\n/gm, '').replaceAll('../../../src/index.js', 'sojourn')
    return !all.includes(`// ${file}\n${shown}`)
  })
  expect(missing).toEqual([])
})

test.each([
  ['nextjs', 'next-cookie'],
  ['nuxt', 'nuxt-cookie'],
  ['sveltekit', 'sveltekit-cookie'],
])('docs/frameworks/%s.md shows the code of examples/%s', (guide, example) => {
  const blocks = [
    ...pageOf(`docs/frameworks/${guide}.md`).matchAll(/^```\w+\n(?:\/\/ (\S+)|<!-- (\S+) -->)\n(.*?)^```$/gms),
  ]
  const shown = blocks.map(([, script, markup, code]) => [script ?? markup ?? '', code] as const)
  expect(shown.length).toBeGreaterThan(9)
  expect(shown.filter(([file, code]) => pageOf(join('examples', example, file)) !== code)).toEqual([])
})

test('the clients that docs/requests.md was tried with are those of the tests', () => {
  const [sentence = ''] = /^.* are tried here with .*$/m.exec(pageOf('docs/requests.md')) ?? []
  const said = [...sentence.matchAll(/([a-z-]+) (\d+\.\d+)/g)].map(([, name = '', version = '']) => [name, version])
  const imported = [...pageOf('docs/requests.md').matchAll(/ from '([a-z-]+)'$/gm)].map(([, name]) => name)
  expect(said.map(([name]) => name)).toEqual(imported)
  const { devDependencies } = JSON.parse(pageOf('package.json')) as { devDependencies: Record<string, string> }
  const used = said.map(([name = '']) => [name, /\d+\.\d+/.exec(devDependencies[name] ?? '')?.[0]])
  expect(said).toEqual(used)
})

test('the upload of docs/requests.md takes an answer that has no body', async () => {
  const [, example = ''] = /^```ts\n(\/\/ orders\.ts\n.*?)^```$/ms.exec(pageOf('docs/requests.md')) ?? []
  const code = ts.transpile(example.replace(/^import .*$/gm, ''), {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
  })
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
  vi.stubGlobal('session', {})
  vi.stubGlobal('credentials', () => ({
    authorize: (request: Request, previous?: object) => (previous ? null : request),
  }))
  vi.stubGlobal(
    'XMLHttpRequest',
    class {
      status = 204
      responseText = ''
      onload = (): void => undefined
      open = (): void => undefined
      setRequestHeader = (): void => undefined
      send = (): void => {
        this.onload()
      }
    },
  )
  const { upload } = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as {
    upload: (file: Blob) => Promise<Response>
  }
  expect(await upload(new Blob())).toMatchObject({ status: 204 })
})

/** A number in the docs and its constant: the first group is the number, in the unit that is given in ms. */
const figures: readonly (readonly [page: string, words: RegExp, unit: number, file: string, constant: string])[] = [
  [
    'docs/decisions/0003-refresh-and-sign-out.md',
    /for what is left of that time, or ([\d.]+) s\./,
    1e3,
    'util/timing.ts',
    'SECOND_TRY',
  ],
  ['docs/reliability.md', /no other tab answers within (\d+) ms/, 1, 'util/timing.ts', 'PROPAGATION_DELAY'],
  ['docs/start.md', /for at most (\d+) ms where storage is denied/, 1, 'util/timing.ts', 'PROPAGATION_DELAY'],
]

test.each(figures)('%s says by %s what the code does', (page, words, unit, file, constant) => {
  const said = Number(words.exec(pageOf(page))?.[1]) * unit
  const [, value] = new RegExp(`const ${constant} = ([\\de.]+)`).exec(pageOf(join('src', file))) ?? []
  expect(said).toBeGreaterThan(0)
  expect(said).toBe(Number(value))
})

/** The public names: what each subpath exports, the members of its interfaces, and the texts of its unions. */
function publicNames(): { names: Set<string>; members: (type: string) => string[]; texts: (type: string) => string[] } {
  const { exports } = JSON.parse(pageOf('package.json')) as { exports: Record<string, string | { types: string }> }
  const entries = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [join(root, entry.types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'))],
  )
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    skipLibCheck: true,
  })
  const checker = program.getTypeChecker()
  const exported = entries.flatMap((entry) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!),
  )
  const typeOf = (name: string): ts.Type => {
    const found = exported.find((symbol) => symbol.name === name)
    return checker.getDeclaredTypeOfSymbol(
      found && found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found!,
    )
  }
  const members = (name: string): string[] =>
    typeOf(name)
      .getProperties()
      .map((property) => property.name)
  const texts = (name: string): string[] => {
    const type = typeOf(name)
    return (type.isUnion() ? type.types : [type]).flatMap((one) => (one.isStringLiteral() ? [one.value] : []))
  }
  const isInterface = ({ flags }: ts.Symbol): boolean =>
    (flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.Alias | ts.SymbolFlags.TypeAlias)) !== 0
  const names = new Set(
    exported.flatMap((symbol) => [symbol.name, ...(isInterface(symbol) ? members(symbol.name) : [])]),
  )
  return { names, members, texts }
}

test('the docs name no event, reason, code or member of a session that is not there, and leave out none', () => {
  const { members, texts } = publicNames()
  const all = pages.map(({ text }) => text).join('\n')
  const events = members('SessionEvents')
  const heard = [...all.matchAll(/session\.on\('(\w+)'/g)].map(([, name]) => name)
  expect(heard.filter((name) => !events.includes(name!))).toEqual([])
  const guides = pages.filter(({ file }) => !file.includes('decisions/') && !file.includes('reliability'))
  expect(events.filter((name) => !guides.some(({ text }) => new RegExp(`[\`']${name}[\`']`).test(text)))).toEqual([])

  // Decisions may name what is gone.
  const told = guides.map(({ text }) => text).join('\n')
  // OpenTelemetry's own names, which begin as members do.
  const others = ['`session.id`', '`session.start`', '`session.end`']
  const ours = others.reduce((text, name) => text.replaceAll(name, ''), told)
  const called = [...ours.matchAll(/\bsession\.(?!ts\b|js\b|test\b)(\w+)/g)].map(([, name]) => name)
  expect(called.filter((name) => !members('TokenSession').includes(name!))).toEqual([])

  const codes = [...pageOf('docs/troubleshooting.md').matchAll(/^### (\w+)$/gm)].map(([, code]) => code)
  expect(codes.sort()).toEqual(texts('SessionErrorCode').sort())

  const [, reasons = ''] = /`reason` says why: (.*?); null/.exec(pageOf('docs/start.md')) ?? []
  expect([...reasons.matchAll(/`(\w+)`/g)].map(([, reason]) => reason).sort()).toEqual(texts('EndReason').sort())
})

test('the link of an error leads to a page that the package has', () => {
  const { name, files } = JSON.parse(pageOf('package.json')) as { name: string; files: string[] }
  const [, page = ''] = new RegExp(`'https://unpkg\\.com/${name}/(\\S+)'`).exec(pageOf('src/errors.ts')) ?? []
  expect(files).toContain(page)
  expect(page).toBe('docs/troubleshooting.md')
})

test('docs/errors.md lists each code of an error, each reason of an end, and each feature that may be missing', () => {
  const { texts } = publicNames()
  const [, features = ''] = /degraded: \{ feature: (.*?);/.exec(pageOf('src/core/snapshot.ts')) ?? []
  const sections = pageOf('docs/errors.md')
    .split(/^## .*$/m)
    .slice(1)
  const listed = sections.map((section) =>
    [...section.matchAll(/^\| \[?`(\w+)`[^|]*\|/gm)].map(([, name = '']) => name).sort(),
  )
  const degraded = [...features.matchAll(/'(\w+)'/g)].map(([, name = '']) => name)
  expect(listed).toEqual([texts('SessionErrorCode').sort(), texts('EndReason').sort(), degraded.sort()])
})

test('docs/migrating.md leads to names that are there', () => {
  const { names, texts } = publicNames()
  const cells = [...pageOf('docs/migrating.md').matchAll(/^\| .+? \| (.+?) +\|$/gm)].map(([, cell = '']) => cell)
  const named = cells.flatMap((cell) =>
    [...cell.matchAll(/`(?:session\.)?(\w+)(?:\(.*?\)|: .*?)?`/g)].map(([, name = '']) => name),
  )
  const others = [...texts('EndReason'), 'active', 'warning', 'signedOut', 'offline_access', 'login', 'false']
  expect(named.filter((name) => !names.has(name) && !others.includes(name))).toEqual([])
})

test('the docs say nothing that was found wrong in them before', () => {
  const wrong = [/\bstops? to listen\b/, /any test runner will do/, /that is all it gains there/]
  const found = pages.flatMap(({ file, text }) =>
    wrong.filter((words) => words.test(text)).map((words) => `${file}: ${String(words)}`),
  )
  expect(found).toEqual([])
})
