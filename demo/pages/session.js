import { createSession } from 'sojourn'
import { createFetch } from 'sojourn/fetch'
import { oauth } from 'sojourn/oauth'
import { idbTokens } from 'sojourn/tokens/idb'

import { endpoints } from './sign-in.js'
import { timeouts } from './timeouts.js'

/** The one session of this page, and of all other tabs that show it. */
export const session = createSession({
  ...timeouts,
  tokenStore: idbTokens(),
  server: oauth(endpoints),
})

/** `fetch` with the session's access token, for this origin. */
export const authorizedFetch = createFetch(session)
