// @ts-check

import { dirname, join, relative } from 'node:path'
import eslint from '@eslint/js'
import { defineConfig } from 'eslint/config'
import typescript from 'typescript-eslint'
import { mayImport } from './scripts/layers.mjs'

/** The path of what `specifier` imports below `src`, or the name of a package. @param {string} from @param {string} specifier */
const importedPath = (from, specifier) =>
  specifier.startsWith('.') ? join(dirname(from), specifier).replace(/\.js$/, '.ts') : specifier

/** Reports imports that scripts/layers.mjs does not allow. @type {import('eslint').Rule.RuleModule} */
const layersRule = {
  create(context) {
    const file = relative(join(import.meta.dirname, 'src'), context.filename)
    /** @param {{ source?: { value?: unknown } | null | undefined, importKind?: string, exportKind?: string }} node */
    const check = (node) => {
      if (typeof node.source?.value !== 'string') return
      const path = importedPath(file, node.source.value)
      const isType = node.importKind === 'type' || node.exportKind === 'type'
      if (mayImport(file, path, isType)) return
      context.report({
        node: /** @type {import('estree').Node} */ (/** @type {unknown} */ (node)),
        message: `${file} must not import ${path}: see scripts/layers.mjs.`,
      })
    }
    /** @type {import('eslint').Rule.RuleListener} */
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check }
  },
}

/** What is younger than the browsers that the library supports (Chrome 92, Firefox 98, Safari 15.4), or has no place in it. */
const notInTheLibrary = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ImportExpression', message: 'The library is loaded whole, or by subpath.' },
  { selector: 'ClassDeclaration[superClass.name!="Error"]', message: 'Use a closure; only errors are classes.' },
  { selector: 'StaticBlock', message: 'Safari has it since 16.4.' },
  { selector: 'Literal[regex.pattern=/\\(\\?<[=!]/]', message: 'Safari has lookbehind since 16.4.' },
  { selector: 'Literal[regex.flags=/[dv]/]', message: 'Safari has these flags since 15 and 17.' },
]

const tooYoung = [
  { object: 'Object', property: 'hasOwn', message: 'Chrome has it since 93.' },
  { object: 'AbortSignal', property: 'timeout', message: 'Safari has it since 16.' },
  { object: 'AbortSignal', property: 'any', message: 'Safari has it since 17.4.' },
  { object: 'Promise', property: 'withResolvers', message: 'Safari has it since 17.4.' },
]

/** Time, chance and the outside world come into `core` as arguments. */
const notInCore = ['Date', 'Promise', 'performance', 'console', 'crypto', 'setTimeout', 'globalThis'].map((name) => ({
  name,
  message: 'core is pure: this comes in as an argument.',
}))

/** What lets a test pass without having asked: each of these may never come to its `expect`. */
const mayNotAsk = [
  'IfStatement',
  'CatchClause',
  'ConditionalExpression',
  'LogicalExpression',
  'CallExpression[callee.property.name=/^(then|catch|finally)$/]',
].map((around) => ({
  selector: `${around} CallExpression[callee.name="expect"]`,
  message: 'Expect it whatever happens: this may never run.',
}))

const bounds = {
  selector: 'MemberExpression[property.name=/^toBe(CloseTo|(Less|Greater)Than)/]',
  message: 'A world repeats itself exactly: expect the value.',
}

/** Functions that can be read at once. @param {number} max @returns {import('eslint').Linter.RuleEntry} */
const mostLines = (max) => ['error', { max, skipBlankLines: true, skipComments: true }]

export default defineConfig(
  {
    ignores: [
      'build/',
      'dist/',
      'demo/frameworks/*/dist/',
      'examples/*/{dist,.next,.nuxt,.output,.svelte-kit,build}/',
      'test/e2e/versions/',
      'coverage/',
      'test-results/',
      '.cache/',
    ],
  },
  eslint.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [typescript.configs.strictTypeChecked, typescript.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A number in a sentence reads as it should.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => undo()` is shorter than a block and as clear.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `Promise<ServerTimes | void>` lets a server's method end without a value: that is what it is for.
      '@typescript-eslint/no-invalid-void-type': 'off',
      // Strings are compared with `||` where an empty one counts as none.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // Brackets tell a key that may be anything from a member that the type knows.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // Leaving a member out by naming it.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**'],
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-syntax': ['error', ...notInTheLibrary],
      'no-restricted-properties': ['error', ...tooYoung],
      'max-lines-per-function': mostLines(120),
    },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-globals': ['error', ...notInCore],
      'max-lines-per-function': mostLines(60),
      'no-restricted-properties': [
        'error',
        ...tooYoung,
        { object: 'Math', property: 'random', message: 'core is pure: this comes in as an argument.' },
      ],
    },
  },
  {
    files: ['src/**'],
    plugins: { sojourn: { rules: { layers: layersRule } } },
    rules: { 'sojourn/layers': 'error' },
  },
  {
    files: ['test/**', 'bench/**', 'demo/**', '*.ts'],
    rules: {
      // A test that finds nothing there fails, and says where.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Fakes are asynchronous because what they stand for is.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      'no-console': 'off',
    },
  },
  {
    files: ['test/unit/**', 'test/adapters/**', 'test/reports/**', 'test/dist/**', 'test/demo/**'],
    rules: { 'no-restricted-syntax': ['error', ...mayNotAsk] },
  },
  {
    files: ['test/unit/{session,servers,ui}/**', 'test/reports/**'],
    // A list of what was read grows.
    ignores: ['test/reports/log.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ...mayNotAsk, bounds] },
  },
  {
    // Checked by the compilers of their frameworks, where their libraries are: npm run frameworks, npm run examples.
    files: ['demo/frameworks/**', 'examples/**'],
    extends: [typescript.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    // TypeScript checks those in scripts/; the others are small.
    rules: { 'no-undef': 'off' },
  },
)
