// @ts-check

import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { root } from '../../scripts/lib.mjs'
import { storyPage } from '../../scripts/story.mjs'
import { sidebar } from './sidebar.mjs'

/** The story, while somebody writes: scripts/docs.mjs puts it into the site. @type {import('vite').Plugin} */
const story = {
  name: 'story',
  configureServer({ middlewares, config }) {
    middlewares.use(`${config.base}story.html`, (_request, response, next) => {
      storyPage().then((page) => response.setHeader('Content-Type', 'text/html').end(page), next)
    })
  },
}

/** A heading's anchor as GitHub makes it, so that a link works in both places. @param {string} heading */
const slugify = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

// The pages are where they are in the repository, so that each link between them works in both places.
export default defineConfig({
  title: 'Sojourn',
  description: 'One user’s session over all tabs of a web application.',
  lang: 'en',
  srcDir: root,
  srcExclude: ['bench/**', 'build/**', 'coverage/**', 'demo/**', 'dist/**', 'test-results/**'],
  rewrites: { 'README.md': 'index.md' },
  outDir: join(root, 'build/docs'),
  cacheDir: join(root, '.cache/vitepress'),
  vite: { plugins: [story] },
  markdown: { anchor: { slugify } },
  themeConfig: {
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    nav: [
      { text: 'Start', link: '/docs/start' },
      { text: 'Comparison', link: '/docs/comparison' },
      // Typedoc's pages, beside those of VitePress.
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
  },
})
