import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
} from 'oauth4webapi'
import { sessionError } from '../errors.js'
import type { StartOptions } from './types.js'
import { parseUrl } from '../servers/response-error.js'
import type { Session } from '../types.js'
import { DEVELOPMENT } from '../util/development.js'
import { milliseconds } from '../util/duration.js'
import type { Provider } from './provider.js'
import { removeSlots, writeSlot } from './slots.js'

/** An application as the client of a provider. */
export interface Client {
  readonly provider: Provider
  readonly clientId: string
  /** The client and its issuer: two logins may share a redirect URI. */
  readonly name: string
  readonly redirectUri: string
  readonly scope: string
  readonly parameters: Readonly<Record<string, string | readonly string[]>>
}

/** Ends the state of a login that an answer without a slot has caused. */
export const AGAIN = '.again'

/** Leaves the page for the provider. `mark`: what the state ends with. */
export type Leave = (returnTo: string, options?: StartOptions, mark?: string) => Promise<never>

export const createLeave =
  ({ provider, clientId, name, redirectUri, scope, parameters }: Client, session: () => Session | undefined): Leave =>
  async (returnTo, { prompt, maxAge, acrValues, loginHint } = {}, mark = '') => {
    // Browsers have it on https and localhost alone: https://github.com/grimmory-tools/grimmory/issues/2076
    if (!(crypto as Partial<Crypto>).subtle)
      throw sessionError('invalid_options', DEVELOPMENT && 'A login needs https, or localhost: PKCE needs Web Crypto.')
    const seconds = maxAge === undefined ? undefined : Math.floor(milliseconds(maxAge, 'maxAge') / 1e3)
    const known = session()
    if (DEVELOPMENT && !known)
      // eslint-disable-next-line no-console -- for the developer, who has to call finish() first
      console.warn('sojourn: start() came before finish(session), so it asks for the password, to be safe.')
    await known?.ready
    const asksAgain = !prompt && endedByTimeout(known)
    const { authorization_endpoint } = await provider.discover()
    const url = new URL(parseUrl('authorization_endpoint', authorization_endpoint, false))
    for (const [name, value] of Object.entries(parameters))
      for (const one of [value].flat()) url.searchParams.append(name, one)
    const state = generateRandomState() + mark
    const verifier = generateRandomCodeVerifier()
    const nonce = generateRandomNonce()
    const own: Record<string, string | number | undefined> = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      prompt: asksAgain ? 'login' : prompt,
      max_age: seconds,
      acr_values: acrValues,
      login_hint: loginHint,
    }
    // An application may have null, or an empty text, for what it does not know.
    for (const [name, value] of Object.entries(own)) if ((value ?? '') !== '') url.searchParams.set(name, String(value))
    removeSlots()
    writeSlot(state, {
      client: name,
      at: Date.now(),
      redirectUri,
      returnTo,
      ...(asksAgain && { maxAge: 0 }),
      ...(seconds !== undefined && { maxAge: seconds, isStrict: true }),
      secrets: [verifier, nonce],
    })
    // The back button does not lead to a page that only passed an answer on.
    if (mark) location.replace(url)
    else location.assign(url)
    return new Promise(() => undefined)
  }

/** Whether somebody else may sit there now than the user of the last session. True if nobody knows. */
function endedByTimeout(session: Session | undefined): boolean {
  const last = session?.check()
  return !last || (last.phase === 'signedOut' && (last.reason === 'idle' || last.reason === 'absolute'))
}
