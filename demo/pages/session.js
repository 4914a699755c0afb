import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'

import { server } from './servers.js'
import { timeouts } from './timeouts.js'

/** The one session of this page, and of all other tabs that show it. */
export const session = createSession({ ...timeouts, ...server.options() })

/** `fetch` with the session's credentials, for this origin. */
export const authorizedFetch = createFetch(session)
