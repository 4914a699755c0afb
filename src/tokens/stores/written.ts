import type { StoredTokens } from '../../types.js'
import { withTimeout } from '../../util/async.js'

/** Which tokens a tab has written. */
type Written = Pick<StoredTokens, 'id' | 'generation'>

/** What was written under one key of web storage lately, told to tabs of other processes. */
export interface RecentWrites {
  /** Tells of a write for 2 s, or until the next. Resolves when every tab can know of it. `isUrgent`: somebody may use what it replaced. */
  readonly tell: (written: Written, isUrgent: boolean) => Promise<void>
  /** Resolves when `isRead` says that the latest write is what this tab reads, after 2 s at the latest. */
  readonly arrived: (isRead: (latest: Written) => boolean) => Promise<void>
  /** This tab has removed the tokens of session `id`. */
  readonly forget: (id: string) => void
}

/** How long a tab tells of a write, ms: longer than any copy was seen to be behind. */
const TELLING = 2e3
/** How long what is written is given to arrive where nothing tells of it, and the browser to reply, ms. */
const SPREADING = 100
const LOOK_EVERY = 20

const noop = (): void => undefined
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const after = (ms: number, callback: () => void): (() => void) => {
  const timer = setTimeout(callback, ms)
  return () => {
    clearTimeout(timer)
  }
}
const lockManager = (): LockManager | undefined =>
  typeof navigator === 'undefined' ? undefined : (navigator as { locks?: LockManager }).locks

/**
 * Each process has a copy of localStorage and hears of changes later: after 3 ms as a rule, and after more than 100 on a machine that
 * has no time. A tab that refreshed by such a copy would use a refresh token that is used up. Locks have no copies: whoever has written
 * holds one whose name says what, and everyone can ask for the names, https://w3c.github.io/web-locks/#api-lock-manager-query.
 */
export function createRecentWrites(key: string): RecentWrites {
  const start = JSON.stringify([key]).slice(0, -1)
  let told: string | undefined
  let forgotten: string | undefined
  let endTelling = noop

  const latest = async (): Promise<Written | undefined> => {
    const found = await lockManager()?.query()
    const names = (found?.held ?? []).map(({ name }) => String(name)).filter((name) => name.startsWith(start))
    // The time comes first. A page that is frozen, or in the back/forward cache, holds its lock for longer than it means to.
    const [, at = 0, generation, id] = JSON.parse(names.sort().at(-1) ?? '[]') as [string, number?, number?, string?]
    const isRecent = Math.abs(Date.now() - at) < TELLING
    return isRecent && id !== undefined && generation !== undefined ? { id, generation } : undefined
  }

  return {
    tell({ id, generation }, isUrgent) {
      endTelling()
      const manager = lockManager()
      if (!manager) return isUrgent ? pause(SPREADING) : Promise.resolve()
      told = id
      const isOver = new Promise<void>((resolve) => {
        endTelling = resolve
        setTimeout(resolve, TELLING)
      })
      return new Promise((resolve) => {
        // For these 2 s Firefox does not keep the page for the back button: it is loaded anew.
        const hold = (): Promise<void> => {
          resolve()
          return isOver
        }
        void isOver.then(resolve)
        manager
          .request(JSON.stringify([key, Date.now(), generation, id]), hold)
          .catch(() => pause(SPREADING))
          .then(resolve, noop)
      })
    },
    async arrived(isRead) {
      const until = performance.now() + TELLING
      while (performance.now() < until) {
        // The locks of a prerendered page reply when it is opened. A name may be a script's of the page, and no JSON.
        const written = await withTimeout(after, SPREADING, null, latest).catch(noop)
        if (!written || written.id === forgotten || isRead(written)) return
        await pause(LOOK_EVERY)
      }
    },
    forget(id) {
      forgotten = id
      if (told === id) endTelling()
    },
  }
}
