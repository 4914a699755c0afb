import type { SessionErrorCode } from '../errors.js'
import type { SessionContext } from '../session/context.js'

/** Whether the network can be reached, as far as anybody knows. */
export interface Network {
  /** The browser says that it is offline, and no answer has shown otherwise since. */
  readonly isOffline: () => boolean
  /** Whether work that nobody waits for may be tried now. */
  readonly mayTry: () => boolean
  /** When it may be tried, by the monotonic clock; 0 where nothing was put off. */
  readonly nextTryAt: () => number
  /** A call has ended, with this error or with an answer. */
  readonly noteOutcome: (code?: SessionErrorCode) => void
}

/** Failures that say nothing of the network. */
const UNHEARD: readonly (string | undefined)[] = ['offline', 'timeout', 'signed_out', 'no_tokens']

const networks = /* @__PURE__ */ new WeakMap<SessionContext, Network>()

/** The network as the plugins of one session know it: they share what each learns. */
export function networkOf(context: SessionContext): Network {
  const network = networks.get(context) ?? createNetwork(context)
  networks.set(context, network)
  return network
}

/**
 * `navigator.onLine` is a hint: it is false for good in some kiosks and virtual machines whose requests are answered
 * (https://github.com/mdn/content/issues/30402). So what somebody waits for is tried in any case. Work in the background waits
 * for `online`, but no longer than `keepAliveEvery`: then one call tries. An answer disproves the hint until that changes.
 */
function createNetwork({ ports, config }: SessionContext): Network {
  let isDisproved = false
  let triesAt = 0

  const isOffline = (): boolean => {
    if (ports.online()) isDisproved = false
    if (ports.online() || isDisproved) triesAt = 0
    return !ports.online() && !isDisproved
  }
  return {
    isOffline,
    mayTry() {
      if (!isOffline()) return true
      const { mono } = ports.clock()
      const isDue = triesAt > 0 && mono >= triesAt
      if (!triesAt || isDue) triesAt = mono + config.keepAliveEvery
      return isDue
    },
    nextTryAt: () => (isOffline() ? triesAt : 0),
    noteOutcome(code) {
      if (!UNHEARD.includes(code)) isDisproved = !ports.online()
    },
  }
}
