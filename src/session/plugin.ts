import type { SharedRecord } from '../core/record.js'
import type { Change } from '../core/changes.js'
import type { SessionContext } from './context.js'
import type { EndHook } from './data-hooks.js'
import type { TokenHooks } from './token-hooks.js'

/**
 * What a session does beside looking after the user: a server and a token store bring it, and the session runs it. A page that
 * gives neither loads none of that code.
 */
export type Plugin = (context: SessionContext) => PluginHooks

/** The work of a plugin, by occasion. It runs once for each session object; everything is optional. */
export interface PluginHooks extends Partial<EndHook> {
  /** Methods that the session object gains, such as `getAccessToken`. One with the name of a member replaces it. */
  readonly methods?: object
  readonly tokens?: TokenHooks
  /** Runs `work` while no other tab signs in or refreshes. Where the lock is not free for 5 s, it goes ahead. */
  readonly withLock?: (work: () => Promise<void>) => Promise<void>
  /** The page was loaded, and storage is readable. `isLive`: whether somebody is signed in. */
  readonly started?: (isLive: boolean) => Promise<unknown>
  /** A sign-in without tokens continued the session of its login, or that has ended. */
  readonly continued?: () => void
  /**
   * After each step of a live session: does what is due at shared time `at`; returns when it wants to look again. The first call may
   * be of a session that the page found.
   */
  readonly look?: (record: SharedRecord, at: number) => readonly number[]
  /** Before the step that a hint causes, see `Ports.wake`. */
  readonly wake?: (cause: string) => void
  /** Extends the session where the server has to agree; false where it did not. */
  readonly extend?: (change: Change) => Promise<boolean>
  /** Asks the server whether session `id` still lives, and ends it if not. Never rejects: a temporary failure is no answer. */
  readonly verify?: (id: string) => Promise<void>
}

/** A server or a token store that brings its plugins. */
export interface Plugged {
  readonly plugins?: readonly Plugin[]
}

/** The plugins of `parts`, each once. */
export const pluginsOf = (...parts: readonly unknown[]): Plugin[] => [
  ...new Set(parts.flatMap((part) => (part as Plugged | undefined)?.plugins ?? [])),
]
