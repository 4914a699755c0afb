/** The part of the library that touches a page. browser.ts makes it a script whose globals are arguments. */
export { browserPorts } from '../../src/ports/browser.js'
export { browserStorage } from '../../src/ports/shared-storage.js'
export { webStorageTokens } from '../../src/tokens/stores/web-storage.js'
export { browserLocks } from '../../src/ports/web-locks.js'
export { lease } from '../../src/ports/lease.js'
