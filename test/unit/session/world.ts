import {
  createWorld as createPublicWorld,
  type Listener,
  type World as PublicWorld,
  type WorldOptions,
} from '../../../src/testing.js'

export { START } from '../../../src/testing/time.js'
export { type Tab, type HeardEvent } from '../../../src/testing.js'
export const SECOND = 1e3
export const MINUTE = 6e4
export const HOUR = 36e5
/** Where the record of a session with the default name lies. */
export const KEY = 'sojourn:session:1'

export interface World extends PublicWorld {
  /** The record as it lies in storage. */
  readonly record: () => Record<string, unknown>
  /** From now on messages between tabs are lost. */
  readonly deafen: () => void
}

/** The world that the library ships, and what only its own tests know: the record. */
export function createWorld(options?: WorldOptions): World {
  const world = createPublicWorld(options)
  return Object.assign(world, {
    record: () => JSON.parse(world.storage.stored.get(KEY) ?? 'null') as Record<string, unknown>,
    deafen() {
      world.storage.delay = Infinity
      world.channel.delay = Infinity
    },
  })
}

/** Code of the same origin without a session. */
export const stranger = (name: string): Listener => ({ name, frozen: false, gone: false })

/** What becomes of a promise, for tests that let time pass themselves: its value, or the code of its error. */
export const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error as { code?: unknown }).code ?? error)
