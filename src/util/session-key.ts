/**
 * The key under which the session of this `name` keeps something: each name has its own. The default name's is the bare key, as in version 0.1.0, so that pages of both versions share a session.
 */
export const sessionKey = (key: string, name: string): string => (name === 'session' ? key : `${key}:${name}`)
