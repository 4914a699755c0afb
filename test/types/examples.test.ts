import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseTemplate } from '@angular/compiler'
import { compile } from 'svelte/compiler'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { compileScript, parse } from 'vue/compiler-sfc'
import { root } from '../../scripts/lib.mjs'

/** Says `Cannot find name`, in its three wordings: what an example takes from the application around it. */
const UNKNOWN_NAME = [2304, 2552, 18004]

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile.bind(ts.sys)) as { config: object }
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
const modules = Object.entries(options.paths ?? {}).map(([specifier, [path = '']]) => ({
  specifier,
  path: join(root, path),
}))

/** What each subpath exports, in the compiler's eyes. */
function exportedNames(): { specifier: string; path: string; names: string[] }[] {
  const program = ts.createProgram(
    modules.map(({ path }) => path),
    options,
  )
  const checker = program.getTypeChecker()
  return modules.map(({ specifier, path }) => {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(path)!)!
    return { specifier, path, names: checker.getExportsOfModule(symbol).map(({ name }) => name) }
  })
}

/** The examples of one file: code blocks in Markdown, and in the docstrings of TypeScript. */
function examplesOf(file: string): { name: string; code: string }[] {
  const text = readFileSync(join(root, file), 'utf8')
  const docs = file.endsWith('.md') ? text : text.replace(/^ *\* ?/gm, '')
  return [...docs.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, kind = '', code = ''], index) => {
    const translated = languages[kind]?.(code, file)
    if (translated === undefined) return []
    return { name: `${file} ${String(index + 1)}.${kind === 'tsx' ? kind : 'ts'}`, code: translated }
  })
}

/** What examples are written in, and how each becomes TypeScript. */
const languages: Readonly<Record<string, (code: string, file: string) => string>> = {
  ts(code) {
    // Angular's templates are no TypeScript.
    for (const [, template = ''] of code.matchAll(/^ *template: `(.*?)`/gms)) {
      const [error] = parseTemplate(template, 'example').errors ?? []
      if (error) throw new Error(error.msg)
    }
    return code
  },
  tsx: (code, file) => (file.endsWith('solid.md') ? `/** @jsxImportSource solid-js */ ${code}` : code),
  svelte(code) {
    const [warning] = compile(code, { filename: 'Example.svelte' }).warnings
    if (warning) throw new Error(warning.message)
    return /<script lang="ts">(.*?)<\/script>/s.exec(code)?.[1] ?? ''
  },
  vue(code) {
    const { descriptor, errors } = parse(code)
    if (errors[0]) throw errors[0]
    const { content } = compileScript(descriptor, { id: 'example', inlineTemplate: true })
    // What the template takes from nowhere.
    const [stray] = /_ctx\.\w+/.exec(content) ?? []
    if (stray) throw new Error(`a template has no ${stray}`)
    return compileScript(descriptor, { id: 'example' }).content
  },
}

function filesBelow(folder: string, ending: string): string[] {
  if (!existsSync(join(root, folder))) return []
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return files.filter((file) => file.endsWith(ending)).map((file) => join(folder, file))
}

test('every example in README, docs and docstrings compiles', () => {
  const exported = exportedNames()
  // Docstrings need not say where a name of the library comes from; a page of the documentation must. The adapters have names
  // in common.
  const imports = (file: string, code: string): string =>
    exported
      .filter(({ path }) => !path.includes('/adapters/') || path === join(root, file))
      .map(({ specifier, names }, index, all) => {
        // A name that two modules export is taken from the first.
        const seen = new Set(all.slice(0, index).flatMap((one) => one.names))
        const isDeclared = (name: string): boolean => new RegExp(`\\bconst \\{? ?${name}\\b`).test(code)
        const used = names.filter(
          (name) => !seen.has(name) && !isDeclared(name) && new RegExp(`\\b${name}\\b`).test(code),
        )
        return `import { ${used.join(', ')} } from '${specifier}'\n`
      })
      .join('')
  const pages = [
    ...filesBelow('.', 'README.md').filter((file) => file === 'README.md'),
    // All code of these pages is in examples/ as well, where the framework's own tools check it.
    ...filesBelow('docs', '.md').filter((file) => !/\b(nextjs|nuxt|sveltekit)\.md$/.test(file)),
  ]
  const examples = [
    ...pages.flatMap(examplesOf),
    ...filesBelow('src', '.ts').flatMap((file) =>
      examplesOf(file).map(({ name, code }) => ({
        name,
        code: /^import /m.test(code) ? code : imports(file, code) + code,
      })),
    ),
  ].map(({ name, code }) => ({
    path: join(root, 'test/types', name.replaceAll('/', ' ')),
    code: `${code}\nexport {}\n`,
  }))
  expect(examples.length).toBeGreaterThan(0)

  const texts = new Map(examples.map(({ path, code }) => [path, code]))
  // What pages take for granted: a session, and in a framework's application the modules around the one that is shown.
  texts.set(join(root, 'test/types/globals.d.ts'), "declare const session: import('sojourn').TokenSession")
  texts.set(
    join(root, 'test/types/session.ts'),
    "export declare const session: import('sojourn').TokenSession\nexport declare const auth: import('sojourn/login').Login\nexport declare const api: typeof fetch",
  )
  texts.set(join(root, 'test/types/api.ts'), 'export declare const api: typeof fetch')
  texts.set(
    join(root, 'test/types/query-client.ts'),
    "export declare const queryClient: import('@tanstack/query-core').QueryClient",
  )
  texts.set(join(root, 'test/types/page.ts'), 'export declare function askServer(): Promise<void>')
  texts.set(
    join(root, 'test/types/router.ts'),
    "declare const router: import('vue-router').Router\nexport default router",
  )
  texts.set(
    join(root, 'test/types/vue-router.ts'),
    "export declare function followSession(router: import('vue-router').Router, session: import('sojourn').Session): void",
  )
  // A store of Pinia.
  texts.set(join(root, 'test/types/cart.ts'), 'export declare function useCart(): { $reset(): void }')
  for (const name of ['App', 'Pages', 'SignIn'])
    texts.set(join(root, `test/types/${name}.ts`), `export declare function ${name}(): null`)
  for (const name of ['Pages', 'Warning'])
    texts.set(
      join(root, `test/types/${name}.svelte.ts`),
      `declare const ${name}: import('svelte').Component\nexport default ${name}`,
    )
  for (const name of ['App', 'Pages'])
    texts.set(
      join(root, `test/types/${name}.vue.ts`),
      `declare const ${name}: import('vue').Component\nexport default ${name}`,
    )
  const lenient = {
    ...options,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noUnusedLocals: false,
    noUnusedParameters: false,
    verbatimModuleSyntax: false,
  }
  const host = ts.createCompilerHost(lenient)
  const program = ts.createProgram([...texts.keys()], lenient, {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, version) => {
      const text = texts.get(path)
      return text === undefined ? host.getSourceFile(path, version) : ts.createSourceFile(path, text, version)
    },
  })
  const names = new Set(exported.flatMap((each) => each.names))
  const problems = [...texts.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)!
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      .map(({ code, messageText }) => ({ code, text: ts.flattenDiagnosticMessageText(messageText, '\n') }))
      .filter(({ code, text }) => !UNKNOWN_NAME.includes(code) || names.has(/'(\w+)'/.exec(text)?.[1] ?? ''))
      .map(({ text }) => `${path.split('/').at(-1) ?? ''}: ${text}`)
  })
  expect(problems).toEqual([])
}, 120_000)
