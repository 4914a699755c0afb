import type { SharedRecord } from './core/record.js'
import { answer, ending } from './core/reduce.js'
import { askAt, tellAt, type Policy } from './core/time.js'
import { asError } from './errors.js'
import { pause, within } from './limit.js'
import type { Ports } from './ports/types.js'
import type { Host } from './tokens/refresh.js'
import type { ServerTimes, SessionServer } from './types.js'

/** The session as the server sees it: one tab tells it of activity and asks it how long is left. */
export interface ServerView {
  /** Does what is due. */
  readonly look: (record: SharedRecord) => void
  /** When a call that failed is tried again, shared time. */
  readonly retryAt: () => number
  /** Tells the server of activity now; false where it did not agree. */
  readonly tell: () => Promise<boolean>
}

const LIMIT = 10e3

/** A length of time in ms; what is none counts as not said. */
const ms = (seconds: unknown): number | undefined =>
  typeof seconds === 'number' && seconds >= 0 && seconds < Infinity ? seconds * 1e3 : undefined

export function createServerView(
  host: Host,
  server: SessionServer | undefined,
  ports: Ports,
  policy: Policy,
): ServerView {
  let busy = false
  let failures = 0
  let retryAt = 0
  /** What failed stays claimed in the record; this tab is bound to make it good. */
  let owed = false

  const call = async (told: boolean): Promise<boolean> => {
    const { id } = host.live()
    const sentAt = host.now()
    // Claimed before the call, so that no other tab does the same while the server thinks.
    host.step('claimed', () => (told ? { toldAt: sentAt } : { askedAt: sentAt }))
    try {
      const times = await within(ports.after, LIMIT, host.signal(), async (signal): Promise<ServerTimes | void> => {
        return told ? server?.keepAlive?.({ signal }) : server?.check?.({ signal })
      })
      host.live(id)
      host.step('server', answer(policy, sentAt, told, ms(times?.idleExpiresIn), ms(times?.absoluteExpiresIn)))
      failures = 0
      return !(owed = false)
    } catch (error) {
      const { code } = asError(error)
      if (code === 'rejected') host.step(code, ending(code))
      owed = code !== 'no_tokens'
      retryAt = host.now() + pause(failures++, ports.random)
      return false
    }
  }

  /** What is due: to tell, to ask, or nothing. */
  const due = (record: SharedRecord): 'tell' | 'ask' | false => {
    const now = host.now()
    if (owed && now < retryAt) return false
    const tells = policy.canTell && (tellAt(record, policy) <= now || owed)
    return tells ? 'tell' : (askAt(record, policy) <= now || owed) && 'ask'
  }

  return {
    retryAt: () => (owed ? retryAt : 0),
    tell: () => call(true),
    look(record) {
      if (busy || !ports.online() || !due(record)) return
      busy = true
      host
        .exclusive(0, async () => {
          const still = due(host.live())
          if (still) await call(still === 'tell')
        })
        .catch(() => undefined)
        .finally(() => {
          busy = false
        })
    },
  }
}
