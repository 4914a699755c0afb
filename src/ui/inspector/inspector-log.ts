import type { EndReason, SessionStep, Snapshot } from '../../types.js'

/** One line of the log. */
export interface Line {
  /** Epoch ms, by this device's clock. */
  readonly at: number
  /** Where the change came from: `here`, `elsewhere` (another tab), `server`, or `wake` (a hint that time has passed). */
  readonly where: string
  readonly cause: string
  /** The changes in words; empty if nothing changed. */
  readonly text: string
}

export type Fields = Readonly<Record<string, unknown>>

/** Where a step of a certain cause comes from. All other causes are `here`. */
const CAUSE_PLACES: readonly (readonly [where: string, causes: RegExp])[] = [
  ['elsewhere', /^(storage|channel|adopted)$/],
  ['server', /^(server|rejected|refreshed|refresh failed)$/],
  ['wake', /^(timer|focus|blur|pageshow|visibilitychange|hidden|resume|online)$/],
]

/** Causes by which this tab itself can change the fields below. A change with any other cause was made in another tab. */
const OWN_CAUSES = /^(signIn|signOut|setTokens|extend|claimed|server|rejected|refresh.*)$/

/** A text for each field of the record, for when its number has grown. */
const FIELD_TEXTS: Readonly<Record<string, string>> = {
  activeAt: 'activity',
  skew: 'the clock is behind by ms:',
  generation: 'new tokens, generation',
  toldAt: 'tells the server of activity',
  askedAt: 'asks the server how long is left',
  serverAt: 'the server said how long is left',
}

/** Whether each tab finds an end of this reason by its own clock. Every other end was caused in one tab. */
const IS_BY_CLOCK: Readonly<Record<EndReason, boolean>> = {
  signOut: false,
  idle: true,
  absolute: true,
  rejected: false,
  wiped: false,
}

/** An instant by the local clock: `09:12:01`. */
export const timeOf = (at: number): string => new Date(at).toTimeString().slice(0, 8)

/** The change from one snapshot to the next, in words. */
function describeChange(before: Snapshot, after: Snapshot): string {
  if (after.phase === 'warning')
    return `warning of the ${after.endsBy} end at ${timeOf(after.endAt)}${after.canExtend ? '' : ', which stays'}`
  if (after.phase === 'active') return before.phase === 'warning' && before.id === after.id ? 'extended' : 'signed in'
  return after.phase === 'loading' ? after.phase : `signed out: ${String(after.reason)}`
}

/** Makes a line of each step of one session. The steps have to come in their order. */
export function createLog(): (step: SessionStep) => Line {
  let previous: Fields = {}
  let refreshStartedAt = 0
  return ({ cause, at, before, after, record }) => {
    const current = (record ?? {}) as Fields
    const changes: string[] = []
    let where = CAUSE_PLACES.find(([, causes]) => causes.test(cause))?.[0] ?? 'here'
    /** Whether another tab made this change, unless the cause is one of `OWN_CAUSES`. */
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
