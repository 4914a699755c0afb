import { fileURLToPath } from 'node:url'
import { defineConfig } from '@playwright/test'
import { firefoxPath } from './test/e2e/browsers.js'

const plainHost = 'app.test'

/** A test that is about the library more than about a browser: Firefox takes two to three times as long for each. */
const leftToChromium = /@chromium\b/
/** A variant of which `npm test` runs others, or a test that waits for minutes. */
const long = /@long\b/
/** `npm run test:all` runs those as well. */
const isAll = Boolean(process.env['ALL'])

export default defineConfig({
  testDir: 'test/e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  // Of two cores, which most tests keep busy: more take no less time, and each test more of it.
  workers: 3,
  retries: 0,
  forbidOnly: true,
  grepInvert: isAll ? [] : long,
  // Firefox with five tabs on two busy cores; what is waited for has limits of its own.
  timeout: 90_000,
  // What never comes costs these seconds once; what is slow fails nobody.
  expect: { timeout: 20_000 },
  reporter: [['list']],
  projects: [
    {
      name: 'chromium',
      testIgnore: /\.(firefox|webkit|node)\.spec\.ts$/,
      use: {
        browserName: 'chromium',
        launchOptions: {
          executablePath: fileURLToPath(new URL('test/e2e/chromium.sh', import.meta.url)),
          args: ['--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${plainHost} 127.0.0.1`],
          // What Playwright switches off is what these tests are about.
          ignoreDefaultArgs: ['--disable-back-forward-cache'],
        },
      },
    },
    {
      name: 'firefox',
      testIgnore: /\.(chromium|webkit|node)\.spec\.ts$/,
      // A project's own takes the place of the one above.
      grepInvert: isAll ? [] : [long, leftToChromium],
      use: {
        browserName: 'firefox',
        channel: 'moz-firefox',
        // A Firefox that is not Playwright's own cannot emulate these.
        colorScheme: null,
        contextOptions: { reducedMotion: null, forcedColors: null, contrast: null },
        launchOptions: {
          executablePath: firefoxPath(),
          firefoxUserPrefs: { 'network.dns.localDomains': plainHost },
        },
      },
    },
    { name: 'webkit', testMatch: /\.(webkit|every)\.spec\.ts$/ },
    { name: 'node', testMatch: /\.node\.spec\.ts$/ },
  ],
})
