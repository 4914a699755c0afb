import type { Texts } from '../ports/types.js'
import type { Owner, Time } from './time.js'

/** Who can be told something. */
export interface Listener extends Owner {
  readonly name: string
  /** Whether it lies in the back/forward cache, where a message finds nobody: it is lost, or the page is thrown away. */
  readonly cached?: boolean
  readonly evict?: () => void
  /** In a prerendered page, what waits until somebody opens it: messages, and requests for locks. */
  readonly waiting?: (() => void)[] | null
  /** Whether storage events of that time are lost on it as well. */
  readonly losesStorageEvents?: boolean
  /** Who hears for it, where that is not the page itself: Chromium tells frozen pages what is said. */
  readonly receiver?: Owner
}

export interface Message {
  readonly from: Listener
  readonly message: Partial<Texts>
}

/** BroadcastChannel of one origin. What is said comes later, and to those who were there when it was said. */
export interface FakeChannel {
  /** False: tabs that open from now on have none. */
  isAvailable: boolean
  /** How long a message takes, ms; `Infinity` loses it. Give a function, and messages overtake each other. @default 1 */
  delay: number | ((from: Listener, to: Listener) => number)
  /** What was said by whom. */
  readonly posted: Message[]
  readonly open: (to: Listener, name: string, onMessage: (message: unknown) => void) => FakeChannelEnd
}

export interface FakeChannelEnd {
  readonly works: boolean
  readonly post: (message: Partial<Texts>) => void
  readonly close: () => void
}

export function createChannel(time: Time): FakeChannel {
  const open = new Set<{ to: Listener; name: string; onMessage: (message: unknown) => void }>()

  const channel: FakeChannel = {
    isAvailable: true,
    delay: 1,
    posted: [],
    open(to, name, onMessage) {
      if (!channel.isAvailable) return { works: false, post: () => undefined, close: () => undefined }
      const end = { to, name, onMessage }
      open.add(end)
      const post: FakeChannelEnd['post'] = (message) => {
        if (to.gone) return
        if (to.waiting) {
          const copy = structuredClone(message)
          to.waiting.push(() => post(copy))
          return
        }
        channel.posted.push({ from: to, message })
        const { delay } = channel
        for (const other of open) {
          if (other === end || other.name !== name) continue
          if (other.to.cached) {
            // Chromium and Firefox throw the page away, WebKit forgets the message.
            other.to.evict?.()
            continue
          }
          // Everybody gets a copy of what it was when it was said.
          const copy = structuredClone(message)
          time.later(other.to.receiver ?? other.to, typeof delay === 'number' ? delay : delay(to, other.to), () => {
            if (other.to.cached) other.to.evict?.()
            else if (open.has(other)) other.onMessage(copy)
          })
        }
      }
      return {
        works: true,
        post,
        close: () => open.delete(end),
      }
    },
  }
  return channel
}
