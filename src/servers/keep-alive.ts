import type { SharedRecord } from '../core/record.js'
import { ending, LONGEST_RETRY, serverReply, type Change } from '../core/changes.js'
import { checkAt, keepAliveAt } from '../core/deadlines.js'
import { toSessionError } from '../errors.js'
import type { SessionContext } from '../session/context.js'
import { createLocks } from '../plugins/locks.js'
import type { Plugin, PluginHooks } from '../session/plugin.js'
import type { ServerTimes } from '../types.js'
import { backoff, withTimeout } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import { createVerify } from '../plugins/verify.js'
import { networkOf } from '../plugins/network.js'

/** A page that comes back need not ask what was known a moment ago; nor what a sign-in has just said. */
const RECENT = 10e3

/** A length of time in ms; what is none counts as not said, as -1, which many servers say for "never". Some write numbers as text. */
function ms(seconds: unknown): number | undefined {
  const length = typeof seconds === 'string' && seconds.trim() ? Number(seconds) : seconds
  return typeof length === 'number' && length >= 0 && length < Infinity ? length * 1e3 : undefined
}

/** Tells the server of activity, and asks it how long the session still lives: one tab does it for all. */
export const keepAlive: Plugin = (context) => {
  const { ports, server, config } = context
  const locks = createLocks(context)
  const { serverLock } = locks
  const network = networkOf(context)
  const warnIfExtending = createExtendingWarning(context)
  let isBusy = false
  let pageReturnedAt = 0
  let failures = 0
  let retryAt = 0
  /** A call that failed stays claimed in the record; this tab has to repeat it, unless another claims it. */
  let failedCall: { readonly id: string; readonly isKeepAlive: boolean; readonly claimedAt: number } | null = null

  /** Claims the call before it is sent, so that no other tab sends the same while the server thinks. */
  const claim = (id: string, isKeepAlive: boolean, sentAt: number, isAnswer: boolean): number => {
    let claimedAt = sentAt
    context.step('claimed', id, ({ activeAt }) => {
      if (!isKeepAlive) return { askedAt: sentAt }
      // A claim covers all activity that is known: by the clock of another tab it may lie a little ahead, and is not sent twice.
      claimedAt = Math.max(sentAt, activeAt)
      // The session must not end while the server thinks of what the user has answered.
      return { toldAt: claimedAt, ...(isAnswer && { answeredAt: sentAt }) }
    })
    return claimedAt
  }

  const send = (isKeepAlive: boolean): Promise<ServerTimes | void> =>
    withTimeout(ports.after, config.requestTimeout, context.signal(), async (signal) =>
      isKeepAlive ? server?.keepAlive?.({ signal }) : server?.check?.({ signal }),
    )

  const call = async (isKeepAlive: boolean, also?: Change): Promise<boolean> => {
    const { id, generation, activeAt } = context.requireLive()
    const sentAt = context.now()
    const claimedAt = claim(id, isKeepAlive, sentAt, !!also)
    failedCall = null
    pageReturnedAt = 0
    try {
      // A listener of the claim's step may have signed out.
      context.requireLive(id)
      const times = await send(isKeepAlive)
      context.requireLive(id)
      network.noteOutcome()
      const idle = ms(times?.idleExpiresIn)
      const replied = serverReply(config, sentAt, isKeepAlive, idle, ms(times?.absoluteExpiresIn))
      // From when the user asked for it, however late the reply is looked at.
      context.step(also ? 'extend' : 'server', id, (record, at) => ({
        // The server may have got this check before an answer to the warning that was sent earlier.
        ...((isKeepAlive || isAnswered(record, sentAt)) && replied(record, at)),
        // The call that carried the answer may have failed, and this is its repetition.
        ...(isKeepAlive && record.answeredAt > record.activeAt && { activeAt: Math.min(record.answeredAt, sentAt) }),
        ...also?.(record, sentAt),
      }))
      failures = 0
      // The reply itself may be its end.
      context.requireLive(id)
      if (DEVELOPMENT && !isKeepAlive) warnIfExtending(sentAt, activeAt, idle)
      return true
    } catch (error) {
      const { code, retryAt: wantedAt = 0 } = toSessionError(error)
      network.noteOutcome(code)
      context.poll()
      // A refusal may be of tokens that were replaced meanwhile: then it is asked again with the newer ones.
      if (code === 'rejected' && context.liveRecord()?.generation === generation) context.step(code, id, ending(code))
      else if (code !== 'no_tokens' && code !== 'signed_out') {
        failedCall = { id, isKeepAlive, claimedAt }
        if (failures === 4)
          ports.warn(
            `sojourn: ${isKeepAlive ? 'keepAlive' : 'check'} has failed five times (${code}). The server may end a session that is in use.`,
          )
        const wanted = Math.min(wantedAt - ports.clock().wall, LONGEST_RETRY)
        retryAt = context.now() + Math.max(wanted, backoff(failures++, ports.random))
      }
      return false
    }
  }

  /** Whether the server has the last answer to a warning, at `now`, or has lost it. */
  const isAnswered = ({ answeredAt }: SharedRecord, now: number): boolean => now > answeredAt + config.requestTimeout

  /** When the return of this page is to be asked about, unless the server has answered since. A claim may be lost with its page. */
  const returnAt = (record: SharedRecord): number =>
    config.canCheck && pageReturnedAt > Math.max(record.serverAt, record.startedAt) + RECENT
      ? Math.max(record.askedAt, record.toldAt) + RECENT
      : Infinity

  /** The failed call, unless another tab has claimed it since. */
  const ownCall = ({ id, toldAt, askedAt }: SharedRecord): typeof failedCall =>
    failedCall?.id === id && (failedCall.isKeepAlive ? toldAt : askedAt) <= failedCall.claimedAt ? failedCall : null

  /** The call that is due now. */
  const dueCall = (record: SharedRecord): 'keepAlive' | 'check' | false => {
    const now = context.now()
    const isActive = keepAliveAt(record, config) <= now
    const own = ownCall(record)
    // A failing `check` must not delay `keepAlive`.
    if (own && (own.isKeepAlive || !isActive)) return now >= retryAt && (own.isKeepAlive ? 'keepAlive' : 'check')
    if (isActive) return 'keepAlive'
    // An answer to the warning does not wait for the lock: a check that overtakes it would bring the end from before.
    return isAnswered(record, now) && Math.min(returnAt(record), checkAt(record, config)) <= now && 'check'
  }

  /** When a call that failed is repeated, or one that was not yet due is sent. */
  const retryTimes = (record: SharedRecord): number => {
    const nextTryAt = context.now() + network.nextTryAt() - ports.clock().mono
    const own = ownCall(record)
    if (nextTryAt > context.now()) return Math.max(nextTryAt, own ? retryAt : 0)
    // The tab that has the lock now may be gone before it comes to this call.
    if (dueCall(record)) return context.now() + config.requestTimeout
    return own ? retryAt : returnAt(record)
  }

  const start = (): void => {
    isBusy = true
    serverLock(async () => {
      const due = dueCall(context.requireLive())
      if (due) await call(due === 'keepAlive')
    })
      .finally(() => {
        isBusy = false
      })
      // Something may have fallen due meanwhile; not where another tab is at it.
      .then(context.poll, () => undefined)
  }

  return {
    wake() {
      pageReturnedAt = context.now()
    },
    look(record) {
      if (!isBusy && dueCall(record) && network.mayTry()) start()
      return [keepAliveAt(record, config), checkAt(record, config), retryTimes(record)]
    },
    ...(config.canCheck && {
      verify: createVerify(context, locks, async (id) => {
        // A call that has failed is repeated when the server wants it to be.
        if (failedCall?.id !== id || context.now() >= retryAt) await call(false)
      }),
    }),
    ...(config.canKeepAlive && {
      extend: (change) =>
        call(true, change)
          .catch(() => false)
          .finally(context.poll),
    }),
  } satisfies PluginHooks
}

/** Warns of a `check` that extends the session: it would never end for idleness. */
function createExtendingWarning(
  context: SessionContext,
): (sentAt: number, activeAt: number, idle: number | undefined) => void {
  if (!DEVELOPMENT) return () => undefined
  /** The last reply, and how many replies in a row looked as if the call had been activity. */
  let last = { sentAt: 0, activeAt: 0, idle: 0, repeats: 0 }
  return (sentAt, activeAt, idle = 0) => {
    const isSame = idle > 0 && Math.abs(idle - last.idle) <= 1e3
    const isLater = sentAt > last.sentAt + 5e3 && activeAt === last.activeAt
    last = { sentAt, activeAt: context.requireLive().activeAt, idle, repeats: isSame && isLater ? last.repeats + 1 : 0 }
    if (last.repeats === 2)
      context.ports.warn(
        `sojourn: three times check was answered ${idle / 1e3} s, though nobody did anything. Does it extend the session at the server? It may only ask.`,
      )
  }
}
