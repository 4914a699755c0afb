/** A page whose user does nothing: what its session costs meanwhile, without a connection and with one. */
import { timersFired, timersPending } from './wake-ups.js'
import { counts } from './counters.js'
import { createSession, memoryTokens } from 'sojourn'
import { connect, webSocket } from 'sojourn/connect'

export interface Cost {
  readonly pending: number
  readonly fired: number
  readonly messages: number
  readonly storage: number
}

let messages = 0
let before = { fired: 0, messages: 0, storage: 0 }

/** Resolves when the session lives, and the connection is up where there is one. */
export async function prepare(subject: 'alone' | 'connected' | 'told'): Promise<void> {
  const session = createSession({ tokenStore: memoryTokens() })
  await session.signIn({ access_token: 'any', expires_in: 3600 })
  if (subject === 'alone') return
  const url = new URL(`/${subject}`, location.href.replace('http', 'ws'))
  const receive = (): void => {
    messages++
  }
  await new Promise<void>((resolve) => {
    connect(session, webSocket(url, { open: (token) => token, renew: (token) => token, receive }), {
      onState: ({ state }) => state === 'up' && resolve(),
    })
  })
}

export function reset(): void {
  before = { fired: timersFired(), messages, storage: counts.storage }
}

export const read = (): Cost => ({
  pending: timersPending(),
  fired: timersFired() - before.fired,
  messages: messages - before.messages,
  storage: counts.storage - before.storage,
})
