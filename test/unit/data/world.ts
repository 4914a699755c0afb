import { sessionData } from '../../../src/data.js'
import type { SessionData, TokenSession } from '../../../src/types.js'
import { createWorld as createSessionWorld, type Tab, type World } from '../session/world.js'

export { HOUR, MINUTE, outcome, SECOND, type Tab, type World } from '../session/world.js'
export const createWorld = createSessionWorld

const PREFIX = 'sojourn-data:'

/** The data of all sessions in storage: the texts by the keys that the application gave. */
export const dataIn = (world: World): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...world.storage.stored]
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, text]) => [/"\d{16}[\w-]+:(.*)$/s.exec(key)?.[1] ?? key, text]),
  )

export const dataOf = ({ session }: Tab): SessionData => sessionData(session)

/** Collects the keys that a listener is called with. */
export function changesOf(data: SessionData): (string | null)[] {
  const changes: (string | null)[] = []
  data.subscribe((key) => changes.push(key))
  return changes
}

/** Signs in in this tab, and lets the messages about it arrive. */
export async function signIn(
  world: World,
  { session }: Tab,
  ...options: Parameters<TokenSession['signIn']>
): Promise<void> {
  await world.until(session.signIn(...options))
  await world.advance(10)
}
