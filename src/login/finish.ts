import { isSessionError, sessionError } from '../errors.js'
import type { Finished } from './types.js'
import type { SignInOptions, TokenResponse, TokenSession } from '../types.js'
import { DEVELOPMENT } from '../util/development.js'
import { ownOrigin } from '../util/origins.js'
import { PROPAGATION_DELAY } from '../util/timing.js'
import { decodeClaims } from './claims.js'
import { AGAIN, type Client, type Leave } from './leave.js'
import { ownPath } from './own-path.js'
import { refusal } from './provider.js'
import { PREFIX, readSlot, removeSlots, writeSlot, type Slot } from './slots.js'

/** What a state of ours looks like. */
const STATE = /^[\w-]{43}(\.again)?$/
/** Parameters of an answer. */
const ANSWER = ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri']
/** How far the clocks of a provider may differ, s. */
const TOLERANCE = 30

/** The answers that are being worked on, by `ready`, which a copy of a session shares with the session itself, and by client. */
const underWay = /* @__PURE__ */ new WeakMap<object, Map<string, Promise<Finished | null>>>()

/** See `Login.finish`. */
export function createFinish(
  client: Client,
  leave: Leave,
): (session: TokenSession, options?: SignInOptions) => Promise<Finished | null> {
  /** The answer in the address, if it is one to a login of this client. */
  const readAnswer = (): URLSearchParams | null => {
    removeSlots()
    const { origin, pathname, searchParams } = new URL(location.href)
    const state = searchParams.get('state')
    if (!state || !(searchParams.has('code') || searchParams.has('error'))) return null
    const slot = readSlot(state)
    // As the browser writes it: the provider was given it as it is in the options.
    const own = new URL(client.redirectUri)
    const isAtRedirectUri = own.origin + own.pathname === origin + pathname
    return (slot ? slot.client === client.name : isAtRedirectUri && STATE.test(state)) ? searchParams : null
  }

  const exchange = async (
    session: TokenSession,
    options: SignInOptions | undefined,
    answer: URLSearchParams,
    state: string,
    slot: Slot,
  ): Promise<Finished> => {
    const before = session.check()
    // Nothing is used up where the provider cannot be reached.
    await client.provider.discover()
    const { secrets, ...used } = slot
    writeSlot(state, used)
    const { tokens, claims } = await client.provider.exchange(answer, state, slot)
    checkAge(slot, claims)
    const shown = session.check()
    if ('id' in before && 'reason' in shown && shown.reason === 'signOut') {
      // The user has signed out since. A sign-in that a sign-out overtakes revokes its tokens.
      const given = session.signIn(tokens)
      void session.signOut()
      await given
      throw sessionError('signed_out', DEVELOPMENT && 'signOut() came before this login was done.')
    }
    const { iss, sub, sid, auth_time } = claims
    const last = await claimsOfUser(session)
    if (last?.['iss'] === iss && last['sub'] === sub) await session.setTokens(tokens)
    else await signIn(session, tokens, { login: JSON.stringify([iss, sub, sid ?? auth_time]), ...options }, options)
    return { returnTo: returnToOf(slot), claims }
  }

  const complete = async (
    session: TokenSession,
    options: SignInOptions | undefined,
    answer: URLSearchParams,
  ): Promise<Finished | null> => {
    const state = answer.get('state') ?? ''
    const error = answer.get('error')
    const opening = prerendered()
    if (opening) await opening
    cleanAddress()
    await session.ready
    return withLock(PREFIX + state, async () => {
      const slot = readSlot(state)
      removeSlots(error === null ? '' : state)
      if (error === null && slot?.secrets) return exchange(session, options, answer, state, slot)
      if (error !== null && slot) throw refusal(error)
      // The code was used, or the login was begun elsewhere. The sign-in of another tab may be on its way.
      let claims = await claimsOfUser(session)
      if (!claims && error === null) {
        await new Promise((resolve) => setTimeout(resolve, PROPAGATION_DELAY))
        claims = await claimsOfUser(session)
      }
      if (claims) return error === null ? { returnTo: returnToOf(slot), claims } : null
      if (error !== null) throw refusal(error)
      if (slot) return null
      if (!state.endsWith(AGAIN)) return leave('/', {}, AGAIN)
      throw sessionError(
        'invalid_response',
        DEVELOPMENT && 'This browser does not remember the login that it began, twice. Allow site data for this page.',
      )
    })
  }

  return async (session, options) => {
    const ofSession = underWay.get(session.ready) ?? new Map<string, Promise<Finished | null>>()
    underWay.set(session.ready, ofSession)
    const current = ofSession.get(client.name)
    if (current) return current
    // A server has no address.
    const answer = ownOrigin() ? readAnswer() : null
    if (!answer) return null
    const result = complete(session, options, answer).finally(() => {
      ofSession.delete(client.name)
    })
    ofSession.set(client.name, result)
    return result
  }
}

const returnToOf = (slot: Slot | undefined): string => ownPath(slot?.returnTo ?? '/') ?? '/'

/** The claims of the user who is signed in; null where nobody is, or only an anonymous session. */
async function claimsOfUser(session: TokenSession): Promise<Readonly<Record<string, unknown>> | null> {
  session.check()
  const idToken = await session.getIdToken()
  return idToken === null ? null : decodeClaims(idToken)
}

/** With a login a tab whose memory has no tokens continues the session of the others. One that has ended does not come back by it. */
async function signIn(
  session: TokenSession,
  tokens: TokenResponse,
  options: SignInOptions,
  otherwise: SignInOptions | undefined,
): Promise<void> {
  try {
    await session.signIn(tokens, options)
  } catch (error) {
    if (!isSessionError(error) || error.code !== 'invalid_options') throw error
    await session.signIn(tokens, otherwise)
  }
}

/** Refuses an authentication that is older than the request allows. Its age is by the provider's clock alone. */
function checkAge({ maxAge, isStrict, at }: Slot, { auth_time, iat }: { auth_time?: number; iat: number }): void {
  if (maxAge === undefined) return
  const took = Math.max(0, Date.now() - at) / 1e3
  if (auth_time === undefined ? !isStrict : iat - auth_time <= maxAge + took + TOLERANCE) return
  throw sessionError(
    'rejected',
    DEVELOPMENT &&
      'The provider asked for no fresh authentication, or does not say so (auth_time), and nobody was signed in. Let the user try again.',
  )
}

/** Removes the answer from the address, so that no history, log or bookmark keeps it. */
function cleanAddress(): void {
  const address = new URL(location.href)
  for (const name of ANSWER) address.searchParams.delete(name)
  try {
    history.replaceState(history.state, '', address)
  } catch {
    // Safari refuses the hundredth change in half a minute, and all in sandboxed frames. The code in the address is of no use once it is
    // sent: https://github.com/cockpit-project/cockpit/issues/14721
  }
}

/** Waits in a prerendered page until somebody opens it. */
function prerendered(): Promise<unknown> | undefined {
  if ((document as { prerendering?: unknown }).prerendering !== true) return undefined
  return new Promise((resolve) => {
    document.addEventListener('prerenderingchange', resolve, { once: true })
  })
}

/**
 * Runs `work` in one tab at a time. Plain http has no locks, and where site data is blocked the browser refuses them:
 * https://github.com/stackblitz/webcontainer-core/issues/1690.
 */
function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined
  const once = (): Promise<T> => (result ??= work())
  return (navigator as Partial<Navigator>).locks?.request(name, once).catch(once) ?? once()
}
