/** A session of two hundred seconds, of which a hundred are the warning, with a count of its listeners. */
import type { Session, TokenSession } from '../../src/types.js'
import { createWorld, type Tab, type World } from '../unit/session/world.js'

export interface Watched {
  readonly world: World
  readonly tab: Tab
  readonly session: TokenSession
  /** The current listeners to changes and to steps. */
  readonly listeners: () => number
  /** How often a listener was added. */
  readonly beginnings: () => number
  /** Time passes in the world of the session, and nothing else happens there. */
  readonly later: (ms: number) => Promise<void>
  readonly signOut: () => Promise<void>
}

export async function watched(world: World = createWorld()): Promise<Watched> {
  const tab = await world.signedIn({ idleTimeout: '200s', warnBefore: '100s', absoluteTimeout: false })
  let listeners = 0
  let beginnings = 0
  const counted =
    <L>(listen: (listener: L) => () => void) =>
    (listener: L): (() => void) => {
      const undo = listen(listener)
      listeners++
      beginnings++
      return () => {
        listeners--
        undo()
      }
    }
  const session: TokenSession = {
    ...tab.session,
    subscribe: counted((listener) => tab.session.subscribe(listener)),
    inspect: counted((listener) => tab.session.inspect(listener)),
  }
  return {
    world,
    tab,
    session,
    listeners: () => listeners,
    beginnings: () => beginnings,
    later: world.advance,
    signOut: () => world.until(session.signOut()),
  }
}

/** The same on a server that renders the page. */
export const onServer = (): Session => createWorld().tab({}, { hasPage: false }).session
