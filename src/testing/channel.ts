import type { Texts } from '../ports/types.js'
import type { Owner, Time } from './time.js'

/** A page that gets messages. */
export interface Listener extends Owner {
  readonly name: string
  /** Whether the page is in the back/forward cache. There a message is lost, or evicts the page. */
  readonly cached?: boolean
  readonly evict?: () => void
  /** The messages and lock requests of a prerendered page: they wait until the user opens it. */
  readonly waiting?: (() => void)[] | null
  /** Whether storage events are lost too while the page is in the back/forward cache. */
  readonly losesStorageEvents?: boolean
  /** The owner of its message events, if that is not the page itself: Chromium delivers messages to frozen pages. */
  readonly receiver?: Owner
}

export interface Message {
  readonly from: Listener
  readonly message: Partial<Texts>
}

/** BroadcastChannel of one origin. A message arrives later, at the channels that were open when it was posted. */
export interface FakeChannel {
  /** False: tabs that open from now on have no BroadcastChannel. */
  isAvailable: boolean
  /** How long a message takes, ms; `Infinity` loses it. With a function messages can overtake each other. @default 1 */
  delay: number | ((from: Listener, to: Listener) => number)
  /** All messages, with their senders. */
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
            // Chromium and Firefox evict the page, WebKit loses the message.
            other.to.evict?.()
            continue
          }
          // Each page gets a copy of the message as it was when it was posted.
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
