import { sessionError } from '../errors.js'
import { DEVELOPMENT } from '../util/development.js'

/** What the answer to a login needs, kept in localStorage under the login's own `state`. */
export interface Slot {
  /** The issuer and the client that asked. */
  readonly client: string
  /** When it was begun, epoch ms. */
  readonly at: number
  readonly redirectUri: string
  readonly returnTo: string
  /** How old the authentication may be, s; undefined where any will do. */
  readonly maxAge?: number
  /** Whether the answer has to say how old it is. */
  readonly isStrict?: boolean
  /** The PKCE verifier and the nonce. Once the code is sent they are gone, so no tab sends it again. */
  readonly secrets?: readonly [verifier: string, nonce: string]
}

/** Not `sojourn:login:`: that begins the keys of a session with the name `login`. */
export const PREFIX = 'sojourn-login:'
/** How long a login may take, ms. */
const LIFETIME = 36e5

/** A slot as it lies in storage; undefined for one that is too old (or of a clock that was set back since), and for what is none. */
function parse(text: string | null): Slot | undefined {
  try {
    const slot = JSON.parse(text ?? '') as Slot
    return Math.abs(Date.now() - slot.at) < LIFETIME ? slot : undefined
  } catch {
    return undefined
  }
}

export function readSlot(state: string): Slot | undefined {
  try {
    return parse(localStorage.getItem(PREFIX + state))
  } catch {
    return undefined
  }
}

/** @throws SessionError `invalid_options` where the browser keeps nothing: there is no login without a place for its secrets. */
export function writeSlot(state: string, slot: Slot): void {
  try {
    localStorage.setItem(PREFIX + state, JSON.stringify(slot))
  } catch {
    throw sessionError(
      'invalid_options',
      DEVELOPMENT &&
        'login: localStorage is blocked or full, and a login has to be remembered until the answer comes. Allow site data.',
    )
  }
}

/** Removes the slots that nobody will use any more, and that of `state`. */
export function removeSlots(state = ''): void {
  try {
    for (const key of Object.keys(localStorage))
      if (key.startsWith(PREFIX) && (key === PREFIX + state || !parse(localStorage.getItem(key))))
        localStorage.removeItem(key)
  } catch {
    // A browser that keeps nothing has none.
  }
}
