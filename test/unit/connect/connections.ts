import { connect, type Connection, type ConnectionState, type ConnectOptions } from '../../../src/connect.js'
import type { Tab } from '../session/world.js'

/** A connection that a test ends. */
export interface Opened {
  readonly connection: Connection
  /** `signal.aborted`, without a look at the clock. */
  readonly isOver: () => boolean
  /** It is lost, with this reason. */
  readonly lose: (reason?: unknown) => void
}

export interface Followed {
  readonly opened: Opened[]
  /** Each state with its instant and the next try, in ms since now. */
  readonly states: string[]
  readonly tokens: string[]
  readonly undo: () => void
}

/**
 * Connects in a tab, and notes what becomes of it. `goesUp`: each connection takes a token and is up then. `onOpen` says what
 * happens to a connection instead.
 */
export function follow(
  tab: Tab,
  options: ConnectOptions & { onOpen?: (one: Opened) => void | Promise<void>; goesUp?: boolean } = {},
): Followed {
  const { onOpen, goesUp = true, ...given } = options
  const opened: Opened[] = []
  const states: string[] = []
  const tokens: string[] = []
  const start = tab.ports.clock()
  const undo = connect(
    tab.session,
    (connection) =>
      new Promise((_resolve, lose) => {
        const { signal } = connection
        const one: Opened = { connection, lose, isOver: () => signal.aborted }
        opened.push(one)
        const work = async (): Promise<void> => {
          if (onOpen) return onOpen(one)
          if (!goesUp) return
          tokens.push(await connection.token())
          connection.up()
        }
        work().catch(lose)
      }),
    {
      ...given,
      onState(state) {
        given.onState?.(state)
        states.push(told(state, tab.ports.wallNow() - start.wall, start.wall))
      },
    },
  )
  return { opened, states, tokens, undo }
}

function told({ state, retryAt }: ConnectionState, at: number, start: number): string {
  return `${at} ${state}${retryAt === undefined ? '' : ` until ${retryAt - start}`}`
}
