import { connect, type Connection, type ConnectionState, type ConnectOptions } from '../../../src/connect.js'
import type { Tab } from '../session/world.js'

/** An attempt to connect, which a test can end. */
export interface Opened {
  readonly connection: Connection
  /** `signal.aborted`, without a step of the session. */
  readonly isOver: () => boolean
  /** Ends the attempt with this reason. */
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
 * Connects in a tab, and records attempts, states and tokens. With `goesUp` each attempt takes a token and is up then;
 * `onOpen` replaces that.
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
        states.push(textOf(state, tab.ports.wallNow() - start.wall, start.wall))
      },
    },
  )
  return { opened, states, tokens, undo }
}

function textOf({ state, retryAt }: ConnectionState, at: number, start: number): string {
  return `${at} ${state}${retryAt === undefined ? '' : ` until ${retryAt - start}`}`
}
