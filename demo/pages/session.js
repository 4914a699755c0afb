import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'

import { server } from './servers.js'
import { timeouts } from './timeouts.js'

/** The session of this page, and of all other tabs of the demo. */
export const session = createSession({ ...timeouts, ...server.options() })

/** `fetch` with the session's credentials, for this origin. */
export const authorizedFetch = createFetch(session)
