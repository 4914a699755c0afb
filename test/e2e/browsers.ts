/** Where the browsers are: Debian's packages, or what the environment names. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export function chromiumPath(): string {
  return process.env['CHROMIUM'] ?? '/usr/bin/chromium'
}

export function firefoxPath(): string {
  return process.env['FIREFOX'] ?? '/usr/bin/firefox-esr'
}

export function webkitDriverPath(): string {
  return process.env['WEBKIT_DRIVER'] ?? '/usr/bin/WebKitWebDriver'
}

/** The browser that belongs to the driver; its folder is named after the machine's architecture. */
export function miniBrowserPath(): string {
  const found = existsSync('/usr/lib')
    ? readdirSync('/usr/lib')
        .map((folder) => join('/usr/lib', folder, 'webkit2gtk-4.1/MiniBrowser'))
        .find((path) => existsSync(path))
    : undefined
  return process.env['MINIBROWSER'] ?? found ?? '/usr/lib/webkit2gtk-4.1/MiniBrowser'
}
