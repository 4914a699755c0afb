// @ts-check

// Builds the documentation as a site, in build/docs: the Markdown files where they are, the story of the demo, and the pages of the API.
// Fails if a link leads nowhere. `--base /path/` is where the site will be served, `--dev` serves the Markdown files while you write.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { build, createServer } from 'vitepress'
import { Failure, report, root } from './lib.mjs'
import { storyPage } from './story.mjs'

const config = join(root, 'docs')
const site = join(root, 'build/docs')

/** The links of a page, as it has them. @param {string} html */
const linksOf = (html) =>
  [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'))

/** @param {string} html @param {string} id */
const hasId = (html, id) => html.includes(` id="${id}"`)

/**
 * Copies the files that the pages link to and that are no pages (an example of the demo, say), and returns the links that lead nowhere.
 *
 * @param {string} base
 */
function completeSite(base) {
  /** @type {string[]} */
  const dead = []
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter(
    // Typedoc checks its own.
    (file) => file.endsWith('.html') && !file.startsWith('api/'),
  )
  for (const page of pages) {
    const html = readFileSync(join(site, page), 'utf8')
    for (const link of linksOf(html)) {
      const url = new URL(link, `http://site${base}${page}`)
      if (url.host !== 'site') continue
      const path = decodeURIComponent(url.pathname)
        .slice(base.length)
        .replace(/(^|\/)$/, '$1index.html')
      const [target, source] = [join(site, path), join(root, path)]
      if (!existsSync(target) && existsSync(source) && statSync(source).isFile()) {
        mkdirSync(dirname(target), { recursive: true })
        cpSync(source, target)
      }
      const id = decodeURIComponent(url.hash.slice(1))
      if (!existsSync(target) || (id && path.endsWith('.html') && !hasId(readFileSync(target, 'utf8'), id)))
        dead.push(`${relative(root, join(site, page))}: ${link}`)
    }
  }
  return dead
}

await report(async () => {
  const { values } = parseArgs({
    options: { base: { type: 'string', default: '/' }, dev: { type: 'boolean', default: false } },
  })
  const library = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  if (library.status !== 0) throw new Failure('The story needs the built library.')
  if (values.dev) {
    const server = await createServer(config, { base: values.base })
    await server.listen()
    return server.printUrls()
  }
  rmSync(site, { recursive: true, force: true })
  await build(config, { base: values.base })
  writeFileSync(join(site, 'story.html'), await storyPage())
  const api = spawnSync(process.execPath, [join(root, 'scripts/api.mjs'), '--out', join(site, 'api')], {
    stdio: 'inherit',
  })
  if (api.status !== 0) throw new Failure('The pages of the API are missing.')
  const dead = completeSite(values.base)
  if (dead.length > 0) throw new Failure(`These links lead nowhere:\n${dead.join('\n')}`)
  console.log(`Built ${relative(root, site)}.`)
})
