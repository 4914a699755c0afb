/** What of the library touches a page: made into a script whose globals are arguments, see browser.ts. */
export { browserPorts } from '../../src/ports/browser.js'
export { browserStorage } from '../../src/ports/shared-storage.js'
export { webStorageTokens } from '../../src/tokens/stores/web-storage.js'
export { browserLocks } from '../../src/ports/web-locks.js'
export { lease } from '../../src/ports/lease.js'
