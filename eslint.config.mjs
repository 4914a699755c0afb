// @ts-check

import eslint from '@eslint/js'
import { defineConfig } from 'eslint/config'
import typescript from 'typescript-eslint'
import { layers } from './scripts/layers.mjs'

/** Specifiers of `places` as a file writes them that lies in `src` itself, or in a folder of it. @param {readonly string[]} places @param {boolean} inFolder */
const specifiers = (places, inFolder) =>
  places.map((place) => {
    if (place.endsWith('/')) return `\\.${inFolder ? '\\.' : ''}/${place}.*`
    if (place.endsWith('.ts')) return `\\.${inFolder ? '\\.' : ''}/${place.replace(/\.ts$/, '\\.js')}`
    return place
  })

/** @param {readonly string[]} allowed */
const anythingBut = (allowed) => `^(?!(?:${allowed.join('|') || '(?!)'})$)`

// The last that matches a file counts here, the first that holds it in the table.
/** @type {import('eslint').Linter.Config[]} */
const layerRules = layers.toReversed().map(({ files, imports, types = [] }) => {
  const inFolder = files.some((file) => file.includes('/'))
  const own = inFolder ? ['\\./[^/]+'] : []
  const values = [...specifiers(imports, inFolder), ...own]
  const message = 'No import across layers: scripts/layers.mjs says who may import whom.'
  /** @type {{ regex: string, message: string, allowTypeImports?: boolean }[]} */
  const patterns = [{ regex: anythingBut([...values, ...specifiers(types, inFolder)]), message }]
  if (types.length > 0)
    patterns.push({ regex: `^(?:${specifiers(types, inFolder).join('|')})$`, message, allowTypeImports: true })
  return {
    files: files.map((file) => `src/${file.endsWith('/') ? `${file}**` : file}`),
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  }
})

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

export default defineConfig(
  {
    ignores: [
      'build/',
      'dist/',
      'demo/frameworks/*/dist/',
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
    },
  },
  {
    files: ['src/core/**'],
    rules: {
      'no-restricted-globals': ['error', ...notInCore],
      'no-restricted-properties': [
        'error',
        ...tooYoung,
        { object: 'Math', property: 'random', message: 'core is pure: this comes in as an argument.' },
      ],
    },
  },
  layerRules,
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
    // Checked by the compilers of their frameworks, where their libraries are: npm run frameworks.
    files: ['demo/frameworks/**'],
    extends: [typescript.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    // TypeScript checks those in scripts/; the others are small.
    rules: { 'no-undef': 'off' },
  },
)
