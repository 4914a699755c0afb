import { listen } from './safe-dom.js'
import type { OnMessage, Channel } from './types.js'

/**
 * Messages of other tabs, by the storage event and by BroadcastChannel. The channel stays open after `pagehide`: a message then
 * evicts the page from the back/forward cache instead of being lost, https://github.com/whatwg/html/issues/7253.
 */
export function openChannel(name: string, onMessage: OnMessage): Channel {
  const abort = new AbortController()
  listen(
    window,
    'storage',
    (event) => {
      const { key, newValue } = event as StorageEvent
      // `localStorage.clear()` sends a key of null.
      if (key === null) onMessage('storage', null)
      else if (key === name) onMessage('storage', { record: newValue })
      else if (key === `${name}:end`) onMessage('storage', { end: newValue })
    },
    { signal: abort.signal },
  )
  let channel: BroadcastChannel | undefined
  try {
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      onMessage('channel', data instanceof Object ? data : null)
    }
  } catch {
    // The browser has no BroadcastChannel, or the origin is opaque: the storage event has to do.
  }
  return {
    works: !!channel,
    post(message) {
      channel?.postMessage(message)
    },
    close() {
      abort.abort()
      channel?.close()
      // The response of a refresh may still arrive: its tokens are stored, and no message is posted.
      channel = undefined
    },
  }
}
