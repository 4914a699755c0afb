import { liveThroughADay, test } from './frameworks.js'

test('S78: in React with StrictMode two tabs are one session, refreshed once', async ({ demo, open }) => {
  await liveThroughADay(await open('react', 'react'), demo)
})
