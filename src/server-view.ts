import type { SharedRecord } from './core/record.js'
import { askAt, tellAt, type Policy } from './core/time.js'
import { isSessionError } from './errors.js'
import { within } from './limit.js'
import type { Ports } from './ports/types.js'
import type { Host } from './tokens/refresh.js'
import type { ServerTimes, SessionServer } from './types.js'

/** The session as the server sees it: one tab tells it of activity and asks it how long is left. */
export interface ServerView {
  /** Does what is due. */
  readonly look: (record: SharedRecord) => void
  /** When a call that failed may be tried again, shared time. */
  readonly pausedUntil: () => number
  /** Tells the server now, whatever is due; false where it did not agree. */
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
  let until = 0
  /** A claim that came to nothing stands in the record, but this tab is bound to make it good. */
  let owed: 'told' | 'asked' | null = null

  const call = async (type: 'told' | 'asked'): Promise<void> => {
    const { id } = host.live()
    const sentAt = host.now()
    const times = await within(ports.after, LIMIT, host.signal(), async (signal): Promise<ServerTimes | void> =>
      type === 'told' ? server?.keepAlive?.({ signal }) : server?.check?.({ signal }),
    )
    host.live(id)
    host.step(type, {
      type: 'server',
      id,
      sentAt,
      idle: ms(times?.idleExpiresIn),
      absolute: ms(times?.absoluteExpiresIn),
      told: type === 'told',
    })
  }

  const attempt = async (type: 'told' | 'asked'): Promise<boolean> => {
    const { id } = host.live()
    try {
      await call(type)
      failures = 0
      owed = null
      return true
    } catch (error) {
      const code = isSessionError(error) ? error.code : 'server'
      if (code === 'rejected') host.step(code, { type: 'end', id, reason: 'rejected' })
      else if (code !== 'signed_out' && code !== 'no_tokens') {
        owed = type
        until = host.now() + Math.min(6e4, 1e3 * 2 ** failures++) * (0.5 + ports.random() / 2)
      }
      return false
    }
  }

  const due = (record: SharedRecord, now: number): 'told' | 'asked' | null => {
    if (now < until) return null
    if (tellAt(record, policy) <= now) return 'told'
    return askAt(record, policy) <= now ? 'asked' : owed
  }

  const claim = async (): Promise<void> => {
    const type = due(host.live(), host.now())
    if (!type) return
    // Claimed before the call, so that no other tab does the same while the server thinks.
    host.step('claimed', { type })
    await attempt(type)
  }

  return {
    pausedUntil: () => (owed ? until : 0),
    look(record) {
      if (busy || !ports.online() || !due(record, host.now())) return
      busy = true
      host
        .exclusive(0, claim)
        .catch(() => undefined)
        .finally(() => {
          busy = false
        })
    },
    async tell() {
      host.step('claimed', { type: 'told' })
      return attempt('told')
    },
  }
}
