import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from '@playwright/test'
import { projectRoot } from './server/pages.js'

const run = promisify(execFile)

/** Imports one module and returns what that changed in the process. Frameworks are imported first, so that their changes do not count. */
const probe = `
for (const framework of process.argv.slice(2)) await import(framework)
const before = Reflect.ownKeys(globalThis)
const { setTimeout: timer, setInterval: interval } = globalThis
let timers = 0
globalThis.setTimeout = (...args) => (timers++, timer(...args))
globalThis.setInterval = (...args) => (timers++, interval(...args))
const touched = []
for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'navigator', 'document', 'window', 'crypto', 'fetch', 'BroadcastChannel']) {
  const own = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); return own?.get ? own.get.call(globalThis) : own?.value } })
}
const read = new Set(Reflect.ownKeys(globalThis))
await import(process.argv[1])
const added = Reflect.ownKeys(globalThis).filter((key) => !read.has(key)).map(String)
console.log(JSON.stringify({ added, touched, timers, listeners: process.eventNames().length }))
`

test('S77 an import in Node touches no global, starts no timer and lets the process end', async () => {
  const { exports, dependencies } = JSON.parse(await readFile(`${projectRoot}/package.json`, 'utf8')) as {
    exports: Record<string, string | { default?: string }>
    dependencies: Record<string, string>
  }
  const modules = Object.entries(exports).flatMap(([subpath, target]) =>
    typeof target === 'object' && target.default?.endsWith('.js')
      ? [{ name: `sojourn${subpath.slice(1)}`, file: target.default }]
      : [],
  )
  const names = modules.map(({ name }) => name)
  expect(names).toContain('sojourn')
  const results = await Promise.all(
    modules.map(async ({ name, file }) => {
      const code = await readFile(`${projectRoot}/${file}`, 'utf8')
      const frameworks = [...code.matchAll(/\bfrom\s*['"]([^.'"][^'"]*)['"]/g)]
        .map(([, found = '']) => found)
        .filter((found) => !(found in dependencies))
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', probe, name, ...frameworks], {
        cwd: projectRoot,
        timeout: 60_000,
      })
      return [name, JSON.parse(stdout) as unknown]
    }),
  )
  const clean = { added: [], touched: [], timers: 0, listeners: expect.any(Number) as unknown }
  expect(Object.fromEntries(results)).toEqual(Object.fromEntries(names.map((name) => [name, clean])))
})
