import type { SessionContext } from '../session/context.js'

/** The session as the parts of the tokens plugin see it. */
export interface TokensContext extends SessionContext {
  /** Aborts when the session that lives now ends; not at `destroy()`, as `signal` does: a refresh that is under way then goes on. */
  readonly ended: () => AbortSignal
}
