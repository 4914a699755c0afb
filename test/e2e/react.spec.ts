import { liveThroughADay, test } from './frameworks.js'

test(
  'S78: two tabs in React with StrictMode are one session, refreshed once',
  { tag: '@chromium' },
  async ({ demo, open }) => {
    await liveThroughADay(await open('react', 'react'), demo)
  },
)
