import { login } from 'sojourn/login'

import { changeMachine } from './machine.js'
import { ISSUER, server } from './servers.js'

/** The login of a page that signs in by itself; otherwise the backend does. */
const auth =
  server.client &&
  login({ issuer: ISSUER, clientId: server.client.clientId, dpop: server.client.proofs, redirectUri: '/tab.html' })

/** Leaves for the provider's login page, or for the backend, which leads there. */
export async function beginSignIn() {
  // A login is remembered for an hour, by the machine's clock.
  changeMachine({ ahead: 0 })
  if (auth) await auth.start({ returnTo: '/tab.html' })
  else location.assign(server.login)
}

/** Whether the provider has just sent the user back to this page. */
export const isBack = Boolean(auth) && new URLSearchParams(location.search).has('state')

/**
 * Finishes a sign-in, where the address has one.
 *
 * @param {import('sojourn').TokenSession} session
 * @returns {Promise<{ name: string, signIn: string } | null>} who has signed in
 */
export async function finishSignIn(session) {
  const done = auth && (await auth.finish(session))
  return done ? { name: done.claims.name, signIn: done.claims.sign_in } : null
}
