/** The script build's entry: everything public, under flat names on `Sojourn`. */
export * from './index.js'
export * from './fetch.js'
export * from './policies.js'
export * from './servers/cookie.js'
export * from './servers/dpop.js'
export * from './servers/oauth.js'
export * from './tokens/idb.js'
export * from './tokens/web-storage.js'
