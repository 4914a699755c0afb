import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { isWithin, layers, mayImport } from '../../scripts/layers.mjs'
import { root } from '../../scripts/lib.mjs'
import { subpaths } from './subpaths.js'

interface Import {
  /** A path below `src`, or a package. */
  readonly target: string
  readonly typesOnly: boolean
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

/** Every import, re-export and dynamic import of a file, resolved as the compiler does it. */
function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, 'src', file), 'utf8'), ts.ScriptTarget.ES2022, true)
  const found: Import[] = []
  const add = (specifier: ts.Expression | undefined, typesOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) throw new Error(`${file} imports what nobody can foresee.`)
    const target = specifier.text.startsWith('.')
      ? join(file, '..', specifier.text).replace(/\.js$/, '.ts')
      : specifier.text
    found.push({ target, typesOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const bindings = node.importClause?.namedBindings
      const each = bindings && ts.isNamedImports(bindings) ? bindings.elements : []
      const typesOnly = each.length > 0 && !node.importClause?.name && each.every((element) => element.isTypeOnly)
      add(node.moduleSpecifier, typesOnly || node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const graph = new Map(files.map((file) => [file, importsOf(file)]))

describe('imports between layers', () => {
  test('every file of the library belongs to a layer', () => {
    expect(files).toContain('session/session.ts')
    expect(files.filter((file) => !layers.some((layer) => isWithin(layer.files, file)))).toEqual([])
  })

  test('no file imports what its layer may not', () => {
    const strays = [...graph].flatMap(([file, imports]) =>
      imports
        .filter(({ target, typesOnly }) => !mayImport(file, target, typesOnly))
        .map(({ target }) => `${file} → ${target}`),
    )
    expect(strays).toEqual([])
  })

  test('no file imports itself in a circle, not by types either', () => {
    const circles: string[] = []
    const done = new Set<string>()
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (done.has(file) || path.includes(file)) return
      for (const { target } of graph.get(file) ?? []) walk(target, [...path, file])
      done.add(file)
    }
    for (const file of files) walk(file, [])
    expect(circles).toEqual([])
  })

  test('every file is part of something public', () => {
    const reached = new Set<string>()
    const walk = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      for (const { target } of graph.get(file) ?? []) walk(target)
    }
    walk('global.ts')
    walk('global-core.ts')
    for (const [, file] of subpaths) walk(file.replace(/^dist\/(.*)\.js$/, '$1.ts'))
    expect(files.filter((file) => !reached.has(file))).toEqual([])
  })
})
