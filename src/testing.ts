/** A world of tabs without a browser, for your tests; the library's own tests use it too. */
export { createSessionWith } from './testing/session.js'
export {
  createWorld,
  type Tab,
  type TabSetup,
  type HeardEvent,
  type World,
  type WorldOptions,
} from './testing/world.js'
export type { FakeChannel, FakeChannelEnd, Listener, Message } from './testing/channel.js'
export type { FakeLocks } from './testing/locks.js'
export type { Engine, Page } from './testing/page.js'
export type { FakeServer, Reply, ServerCall, ServerMethod } from './testing/server.js'
export type { Delay, FakeStorage } from './testing/storage.js'
export type { Owner, Time } from './testing/time.js'
export type { FakeTokens, TokenAccess } from './testing/tokens.js'
export { playgroundActions } from './testing/playground-actions.js'
export type {
  Channel,
  Clock,
  InputWatch,
  OnMessage,
  Page as PagePort,
  Ports,
  RecordStore,
  Texts,
  Undo,
} from './ports/types.js'
