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
/** The storage key of the record of a session with the default name. */
export const KEY = 'sojourn:session:1'

export interface World extends PublicWorld {
  /** The record in storage. */
  readonly record: () => Record<string, unknown>
  /** From now on messages between tabs are lost. */
  readonly deafen: () => void
}

/** The world that the library ships, and the record, which only the library's own tests know. */
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

/** The outcome of a promise, for tests that let time pass themselves: its value, or the code of its error. */
export const outcome = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error as { code?: unknown }).code ?? error)
