// @ts-check

/** @typedef {{ text: string, link: string }} Item `link`: a page by its path in the repository, with `#heading` where it is a part of one */

/** @param {string} file @param {string} text @returns {Item} */
const item = (file, text) => ({ text, link: `/${file}` })

/**
 * Every page of the documentation, by what a reader looks for. A test fails if one is missing.
 *
 * @type {{ text: string, collapsed?: boolean, items: Item[] }[]}
 */
export const sidebar = [
  {
    text: 'Begin',
    items: [
      item('docs/start.md', 'Start in five steps'),
      item('examples/README.md', 'Examples to copy'),
      item('docs/comparison.md', 'Comparison'),
      item('docs/migrating.md', 'Coming from elsewhere'),
      item('docs/faq.md', 'Questions'),
    ],
  },
  {
    text: 'By task',
    items: [
      item('docs/login.md', 'Sign in at a provider'),
      item('docs/start.md#what-to-render', 'Render, warn, sign out'),
      item('docs/servers.md', 'Use your own backend'),
      item('docs/servers.md#pages-that-the-server-renders', 'Render on a server'),
      item('docs/requests.md', 'Call an API'),
      item('docs/login.md#several-apis', 'Call several APIs'),
      item('docs/data.md', 'Keep a cart or a draft'),
      item('docs/connections.md', 'Keep a live connection'),
      item('docs/timeouts.md', 'Set timeouts'),
      item('docs/reach.md', 'Sign out everywhere'),
      item('docs/compliance.md', 'Meet a standard'),
      item('docs/accessibility.md', 'Be accessible'),
      item('docs/security.md', 'Choose where tokens rest'),
      item('docs/journal.md', 'Know why sessions end'),
      item('docs/testing.md', 'Test your application'),
      item('docs/inspector.md', 'Inspect a session'),
    ],
  },
  {
    text: 'By framework',
    items: [
      item('docs/frameworks/angular.md', 'Angular'),
      item('docs/frameworks/nextjs.md', 'Next.js'),
      item('docs/frameworks/nuxt.md', 'Nuxt'),
      item('docs/frameworks/react.md', 'React'),
      item('docs/frameworks/solid.md', 'Solid'),
      item('docs/frameworks/svelte.md', 'Svelte'),
      item('docs/frameworks/sveltekit.md', 'SvelteKit'),
      item('docs/frameworks/vue.md', 'Vue'),
      item('docs/frameworks/plain.md', 'None'),
    ],
  },
  {
    text: 'Reference',
    items: [
      item('docs/errors.md', 'Errors and reasons'),
      item('docs/troubleshooting.md', 'Troubleshooting'),
      item('docs/browsers.md', 'Browsers'),
      item('docs/reliability.md', 'What is promised'),
      item('docs/figures.md', 'Sizes and speed'),
    ],
  },
  {
    text: 'The project',
    collapsed: true,
    items: [
      item('CHANGELOG.md', 'Changes'),
      item('SECURITY.md', 'Report a vulnerability'),
      item('CONTRIBUTING.md', 'Contribute'),
      item('ARCHITECTURE.md', 'Architecture'),
      item('docs/decisions/README.md', 'Decisions'),
      item('test/README.md', 'Tests'),
      item('test/reliability.md', 'What keeps the promises'),
    ],
  },
]
