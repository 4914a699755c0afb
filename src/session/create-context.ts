import { sessionError } from '../errors.js'
import type { Ports } from '../ports/types.js'
import type { SessionContext } from './context.js'
import type { Loop } from './loop.js'
import type { Parts } from './parts.js'
import { DEVELOPMENT } from '../util/development.js'

export const NO_DOCUMENT =
  'There is no document here (a server or a worker): a session runs in a page. Ask the page for what you need.'

/** The context is made of the parts; its type says what others may use of them. */
export function createContext(parts: Parts, loop: Loop): SessionContext {
  const { hooks } = parts
  const { step, snapshot, liveRecord, isClosed } = loop
  const signedOutError = (): Error => sessionError('signed_out', DEVELOPMENT && reasonOf(parts.ports, loop))
  return {
    ...parts,
    ...parts.active,
    ...parts.emitter,
    ...loop,
    signedOutError,
    tokens: () => hooks.find((hook) => hook.tokens)?.tokens,
    requireLive(id, cause = 'look') {
      step(cause)
      const record = liveRecord()
      if (!isClosed() && record && (!id || id === record.id)) return record
      throw signedOutError()
    },
    hasLogin(login) {
      if (isClosed()) throw signedOutError()
      step('look')
      return !!login && loop.record()?.login === login
    },
    loading: () => (snapshot().phase === 'loading' ? loop.ready : null),
    step(cause, id, change, deferEvents) {
      const own: typeof change = (record, at) => record.id === id && change(record, at)
      step(cause, { change: own, deferEvents, evenIfClosed: true })
    },
    replace(cause, replace, deferEvents) {
      step(cause, { replace, deferEvents, evenIfClosed: true })
    },
    poll() {
      step('look')
    },
  }
}

/** Why nothing can be done now, for the developer. */
function reasonOf({ hasPage }: Ports, { isClosed, snapshot }: Loop): string {
  const shown = snapshot()
  if (!hasPage) return NO_DOCUMENT
  if (isClosed()) return 'destroy() was called on this session object. Create another.'
  if (shown.phase !== 'signedOut') return 'Another session has begun meanwhile.'
  return shown.reason
    ? `The session has ended (${shown.reason}). Sign in again.`
    : 'Nobody is signed in. Sign in first.'
}
