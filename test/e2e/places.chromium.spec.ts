/** The same in a window that is not private. */
import { liveEmbedded } from './embedding.js'
import { profileOf } from './engine.js'
import { test as base } from './every.js'
import { withRealChromium } from './real-chromium.js'

const test = base.extend({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  profile: async ({}, use) => {
    await withRealChromium((context) => use(profileOf(context)))
  },
})

test('S80 the application inside another site has its own session, shared by the frames there', async ({
  tabs,
  tokens,
  server,
}) => {
  await liveEmbedded({ tabs, tokens, server, stores: true })
})
