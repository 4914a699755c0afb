/** A world of tabs for tests, without a browser: yours, and the library's own. */
export { createSessionWith } from './testing/session.js'
export { createWorld, type Tab, type TabSetup, type Told, type World, type WorldOptions } from './testing/world.js'
export type { FakeChannel, FakeChannelEnd, Listener, Message } from './testing/channel.js'
export type { FakeLocks } from './testing/locks.js'
export type { Engine, Page } from './testing/page.js'
export type { FakeServer, Manner, ServerCall, ServerMethod } from './testing/server.js'
export type { Delay, FakeStorage } from './testing/storage.js'
export type { Owner, Time } from './testing/time.js'
export type { FakeTokens, TokenAccess } from './testing/tokens.js'
export { tryOut } from './testing/try-out.js'
export type {
  InputWatch as Activity,
  Clock,
  OnMessage as Heard,
  Page as PagePort,
  Ports,
  RecordStore,
  Channel as Tabs,
  Texts,
  Undo,
} from './ports/types.js'
