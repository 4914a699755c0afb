// @ts-check

// The browsers of the tests.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { provide } from './debian.mjs'

/** The path of MiniBrowser contains the machine's architecture. */
function findMiniBrowser() {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  return folders.map((folder) => join('/usr/lib', folder, 'webkit2gtk-4.1/MiniBrowser')).find(existsSync)
}

/** @type {readonly import('./debian.mjs').Needed[]} */
const needed = [
  { name: 'Chromium', variable: 'CHROMIUM', debian: 'chromium', find: () => '/usr/bin/chromium' },
  { name: 'Firefox ESR', variable: 'FIREFOX', debian: 'firefox-esr', find: () => '/usr/bin/firefox-esr' },
  {
    name: "WebKitGTK's WebDriver",
    variable: 'WEBKIT_DRIVER',
    debian: 'webkit2gtk-driver',
    find: () => '/usr/bin/WebKitWebDriver',
  },
  { name: "WebKitGTK's MiniBrowser", variable: 'MINIBROWSER', debian: 'webkit2gtk-driver', find: findMiniBrowser },
  { name: 'Xvfb', variable: 'XVFB', debian: 'xvfb', find: () => '/usr/bin/Xvfb' },
]

/**
 * Installs missing browsers if that is allowed. Throws if one is still missing, and says how to get it.
 */
export function provideBrowsers() {
  provide(needed)
}
