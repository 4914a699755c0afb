// @ts-check

// What depends on where the repository is hosted. Only `origin` says that, so it is no part of what is committed: scripts/release.mjs
// writes it into the copy that is published.

/** @typedef {{ repository?: { url?: string }, homepage?: string, bugs?: object }} Addresses */

/** npm signs a package only where one of these two has built it: https://docs.npmjs.com/generating-provenance-statements */
const ADDRESS =
  /^(?:git\+)?(?:https|ssh):\/\/(?:[^@/]+@)?(?<host>github\.com|gitlab\.com)(?::\d+)?\/(?<path>[\w.-]+(?:\/[\w.-]+?)+)(?:\.git)?\/?$/

/**
 * The page of the repository, without the user or token that an address of git may have; null where it has no page.
 *
 * @param {string} remote as git has it: `https://…`, `ssh://…` or `git@host:owner/name.git`
 */
export function pageOf(remote) {
  const { host, path } = ADDRESS.exec(remote.replace(/^([^@:/]+@[^:/]+):/, 'ssh://$1/'))?.groups ?? {}
  return host && path ? `https://${host}/${path}` : null
}

/**
 * What to do where `pageOf` finds none. The remote is not named: it may hold a token.
 *
 * @param {string} remote '' where there is none
 */
export const withoutPage = (remote) =>
  remote
    ? 'origin is no address at GitHub or GitLab, from which alone npm takes provenance: git remote set-url origin <address>'
    : 'Nothing says where the repository is: git remote add origin <address>'

/**
 * package.json with the addresses that follow from the repository's, in the form that npm compares with the place of the build.
 *
 * @template {Addresses} M
 * @param {M} manifest what it says itself stays
 * @param {string} page
 */
export const withAddresses = (manifest, page) => ({
  ...manifest,
  repository: manifest.repository ?? { type: 'git', url: `git+${page}.git` },
  homepage: manifest.homepage ?? `${page}#readme`,
  bugs: manifest.bugs ?? { url: `${page}/issues` },
})

/** A link or picture by a path in the repository, in Markdown or HTML. */
const LINK = /(\]\(|\b(?:href|src)=")(?![\w+.-]+:|\/\/|#)(?:\.\/)?([^#)"\s]+)/g

/** The files that a page of the repository's root leads to. @param {string} markdown @returns {string[]} */
export const filesOf = (markdown) => [...markdown.matchAll(LINK)].map(([, , file = '']) => file)

/**
 * The README with addresses in place of paths. npm promises nothing of paths; the renderer of which it showed the source completes
 * them for GitHub alone, one in each block of HTML, and with the newest commit in place of the published one:
 * https://github.com/npm/marky-markdown/blob/master/lib/plugin/github.js
 *
 * @param {string} markdown
 * @param {string} page
 * @param {string} commit
 */
export function withLinksTo(markdown, page, commit) {
  const base = page.startsWith('https://gitlab.com/') ? `${page}/-` : page
  return markdown.replace(LINK, (_, before, file) => {
    const view = /\.(webp|png|svg)$/.test(file) ? 'raw' : 'blob'
    return `${before}${base}/${view}/${commit}/${file}`
  })
}
