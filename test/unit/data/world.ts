import { sessionData } from '../../../src/data.js'
import type { SessionData, TokenSession } from '../../../src/types.js'
import { createWorld as createSessionWorld, type Tab, type World } from '../session/world.js'

export { HOUR, MINUTE, outcome, SECOND, type Tab, type World } from '../session/world.js'
export const createWorld = createSessionWorld

const PREFIX = 'sojourn-data:'

/** What is left of the data of all sessions: the texts, by the keys that the application gave. */
export const dataIn = (world: World): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...world.storage.stored]
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, text]) => [/"\d{16}[\w-]+:(.*)$/s.exec(key)?.[1] ?? key, text]),
  )

export const dataOf = ({ session }: Tab): SessionData => sessionData(session)

/** Everything that a listener hears. */
export function heardBy(data: SessionData): (string | null)[] {
  const heard: (string | null)[] = []
  data.subscribe((key) => heard.push(key))
  return heard
}

/** Signs in with tokens in this tab, and lets the others hear of it. */
export async function signIn(
  world: World,
  { session }: Tab,
  ...options: Parameters<TokenSession['signIn']>
): Promise<void> {
  await world.until(session.signIn(...options))
  await world.advance(10)
}
