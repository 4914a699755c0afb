import type { SharedRecord } from '../core/record.js'
import { answer, ending, LONGEST_RETRY, type Change } from '../core/changes.js'
import { askAt, tellAt, type Policy } from '../core/deadlines.js'
import { asError } from '../errors.js'
import type { Host } from '../session/context.js'
import { pause, within } from '../util/async.js'
import type { Ports } from '../ports/types.js'
import type { ServerTimes, SessionServer } from '../types.js'

/** The session as the server sees it: one tab tells it of activity and asks it how long is left. */
export interface ServerView {
  /** The page comes back: what happened at the server meanwhile is asked for at the next look. */
  readonly back: () => void
  /** Does what is due. */
  readonly look: (record: SharedRecord) => void
  /** When a call that failed is tried again, or one that was not yet due is, shared time. */
  readonly wakeAt: (record: SharedRecord) => number
  /** Tells the server of activity now, and lets `also` happen if it agrees; false where it did not. */
  readonly tell: (also: Change) => Promise<boolean>
}

/** A page that comes back need not ask what was known a moment ago; nor what a sign-in has just said. */
const RECENT = 10e3

/** A length of time in ms; what is none counts as not said, as -1, which many servers say for "never". Some write numbers as text. */
function ms(seconds: unknown): number | undefined {
  const length = typeof seconds === 'string' && seconds.trim() ? Number(seconds) : seconds
  return typeof length === 'number' && length >= 0 && length < Infinity ? length * 1e3 : undefined
}

export function createServerView(
  host: Host,
  server: SessionServer | undefined,
  ports: Ports,
  policy: Policy,
): ServerView {
  let busy = false
  let backAt = 0
  let failures = 0
  let retryAt = 0
  /** What the last questions were answered, and how often in a row as if each had been activity. */
  let last = { sentAt: 0, activeAt: 0, idle: 0, repeats: 0 }
  /** The call that failed stays claimed in the record; this tab is bound to make it good, unless another claims it. */
  let owed: { readonly id: string; readonly told: boolean; readonly claimedAt: number } | null = null

  /** Warns of a `check` that extends the session: it would never end for idleness. */
  const compare = (sentAt: number, activeAt: number, idle = 0): void => {
    const isSame = idle > 0 && Math.abs(idle - last.idle) <= 1e3
    const isLater = sentAt > last.sentAt + 5e3 && activeAt === last.activeAt
    last = { sentAt, activeAt: host.live().activeAt, idle, repeats: isSame && isLater ? last.repeats + 1 : 0 }
    if (last.repeats === 2)
      ports.warn(
        `sojourn: three times check was answered ${idle / 1e3} s, though nobody did anything. Does it extend the session at the server? It may only ask.`,
      )
  }

  const call = async (told: boolean, also?: Change): Promise<boolean> => {
    const { id, generation, activeAt } = host.live()
    const sentAt = host.now()
    let claimedAt = sentAt
    // Claimed before the call, so that no other tab does the same while the server thinks. A claim covers all activity that is
    // known: by the clock of another tab it may lie a little ahead, and is not told twice.
    host.step('claimed', id, ({ activeAt }) => {
      if (!told) return { askedAt: sentAt }
      claimedAt = Math.max(sentAt, activeAt)
      return { toldAt: claimedAt }
    })
    owed = null
    backAt = 0
    try {
      const times = await within(
        ports.after,
        policy.requestTimeout,
        host.signal(),
        async (signal): Promise<ServerTimes | void> => {
          return told ? server?.keepAlive?.({ signal }) : server?.check?.({ signal })
        },
      )
      host.live(id)
      host.reach.heard()
      const idle = ms(times?.idleExpiresIn)
      const answered = answer(policy, sentAt, told, idle, ms(times?.absoluteExpiresIn))
      // From when the user asked for it, however late the answer is looked at.
      host.step(also ? 'extend' : 'server', id, (record, at) => ({
        ...answered(record, at),
        ...also?.(record, sentAt),
      }))
      failures = 0
      // The answer itself may be its end.
      host.live(id)
      if (!told) compare(sentAt, activeAt, idle)
      return true
    } catch (error) {
      const { code, retryAt: wantedAt = 0 } = asError(error)
      host.reach.heard(code)
      host.look()
      // Tokens that were replaced meanwhile may have been what was refused: then it is asked again with the newer ones.
      if (code === 'rejected' && host.current()?.generation === generation) host.step(code, id, ending(code))
      else if (code !== 'no_tokens' && code !== 'signed_out') {
        owed = { id, told, claimedAt }
        if (failures === 4)
          ports.warn(
            `sojourn: ${told ? 'keepAlive' : 'check'} has failed five times (${code}). The server may end a session that is in use.`,
          )
        const wanted = Math.min(wantedAt - ports.clock().wall, LONGEST_RETRY)
        retryAt = host.now() + Math.max(wanted, pause(failures++, ports.random))
      }
      return false
    }
  }

  /** When the return of this page is to be asked about, unless the server has answered since. A claim may be lost with its page. */
  const returnAt = (record: SharedRecord): number =>
    policy.canAsk && backAt > Math.max(record.serverAt, record.startedAt) + RECENT
      ? Math.max(record.askedAt, record.toldAt) + RECENT
      : Infinity

  /** What is due: to tell, to ask, or nothing. */
  const due = (record: SharedRecord): 'tell' | 'ask' | false => {
    const now = host.now()
    const tells = tellAt(record, policy) <= now
    const mine = owed?.id === record.id && record[owed.told ? 'toldAt' : 'askedAt'] <= owed.claimedAt && owed
    // A question that fails must not keep the server from hearing of the user.
    if (mine && (mine.told || !tells)) return now >= retryAt && (mine.told ? 'tell' : 'ask')
    return tells ? 'tell' : Math.min(returnAt(record), askAt(record, policy)) <= now && 'ask'
  }

  return {
    back() {
      backAt = host.now()
    },
    wakeAt(record) {
      const triesAt = host.now() + host.reach.triesAt() - ports.clock().mono
      if (triesAt > host.now()) return Math.max(triesAt, owed ? retryAt : 0)
      return owed ? retryAt : returnAt(record)
    },
    tell: (also) => call(true, also),
    look(record) {
      if (busy || !due(record) || !host.reach.mayTry()) return
      busy = true
      host
        .exclusive(0, async () => {
          const still = due(host.live())
          if (still) await call(still === 'tell')
        })
        .finally(() => {
          busy = false
        })
        // What fell due meanwhile; not where another tab is at it.
        .then(host.look, () => undefined)
    },
  }
}
