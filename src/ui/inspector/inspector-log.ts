import type { EndReason, SessionStep, Snapshot } from '../../types.js'

/** One step, as the log shows it. */
export interface Line {
  /** Epoch ms, by this device's clock. */
  readonly at: number
  /** Where it came from: this tab, another one, the server, or a sign that time has passed. */
  readonly where: string
  readonly cause: string
  /** In words; empty where all stayed as it was. */
  readonly text: string
}

export type Fields = Readonly<Record<string, unknown>>

/** Causes that say where they come from; all others come from here. */
const CAUSE_PLACES: readonly (readonly [where: string, causes: RegExp])[] = [
  ['elsewhere', /^(storage|channel|adopted)$/],
  ['server', /^(server|rejected|refreshed|refresh failed)$/],
  ['wake', /^(timer|focus|blur|pageshow|visibilitychange|hidden|resume|online)$/],
]

/** Causes by which this tab itself can change what the words below are about. */
const OWN_CAUSES = /^(signIn|signOut|setTokens|extend|claimed|server|rejected|refresh.*)$/

/** Words for each number of the record that has grown. */
const FIELD_TEXTS: Readonly<Record<string, string>> = {
  activeAt: 'activity',
  skew: 'the clock is behind by ms:',
  generation: 'new tokens, generation',
  toldAt: 'tells the server of activity',
  askedAt: 'asks the server how long is left',
  serverAt: 'the server said how long is left',
}

/** Whether any tab can see an end of this reason on its own clock; every other end was caused in one tab. */
const IS_BY_CLOCK: Readonly<Record<EndReason, boolean>> = {
  signOut: false,
  idle: true,
  absolute: true,
  rejected: false,
  wiped: false,
}

/** By the local clock: `09:12:01`. */
export const timeOf = (at: number): string => new Date(at).toTimeString().slice(0, 8)

/** From one picture of the session to the next. */
function describeChange(before: Snapshot, after: Snapshot): string {
  if (after.phase === 'warning')
    return `warning of the ${after.endsBy} end at ${timeOf(after.endAt)}${after.canExtend ? '' : ', which stays'}`
  if (after.phase === 'active') return before.phase === 'warning' && before.id === after.id ? 'extended' : 'signed in'
  return after.phase === 'loading' ? after.phase : `signed out: ${String(after.reason)}`
}

/** Reads the steps of one session, in their order, and says what each of them did. */
export function createLog(): (step: SessionStep) => Line {
  let previous: Fields = {}
  let refreshStartedAt = 0
  return ({ cause, at, before, after, record }) => {
    const current = (record ?? {}) as Fields
    const changes: string[] = []
    let where = CAUSE_PLACES.find(([, causes]) => causes.test(cause))?.[0] ?? 'here'
    /** Whether only others can have done this. */
    let isForeign = false
    if (before !== after) {
      changes.push(describeChange(before, after))
      isForeign = 'reason' in after ? !(after.reason && IS_BY_CLOCK[after.reason]) : current['id'] !== previous['id']
    }
    for (const [key, words] of Object.entries(FIELD_TEXTS)) {
      if (current['id'] !== previous['id'] || !((current[key] as number) > (previous[key] as number))) continue
      changes.push(key.endsWith('At') ? words : `${words} ${String(current[key])}`)
      isForeign ||= !['activeAt', 'skew'].includes(key)
    }
    if (isForeign && !OWN_CAUSES.test(cause)) where = 'elsewhere'
    if (cause === 'refresh') {
      refreshStartedAt = at
      changes.push('asks for new tokens')
    } else if (refreshStartedAt && where === 'server') {
      changes.push(`${cause} after ${at - refreshStartedAt} ms`)
      refreshStartedAt = 0
    }
    previous = current
    return { at, where, cause, text: changes.join(', ') }
  }
}
