import { listen } from './safe-dom.js'
import type { OnMessage, Channel } from './types.js'

/**
 * The storage event and BroadcastChannel. The channel stays open in `pagehide`: a message then evicts the page from the
 * back/forward cache instead of being lost, https://github.com/whatwg/html/issues/7253.
 */
export function openTabs(name: string, heard: OnMessage): Channel {
  const abort = new AbortController()
  listen(
    window,
    'storage',
    (event) => {
      const { key, newValue } = event as StorageEvent
      // A key of null says that everything was cleared.
      if (key === null) heard('storage', null)
      else if (key === name) heard('storage', { record: newValue })
      else if (key === `${name}:end`) heard('storage', { end: newValue })
    },
    { signal: abort.signal },
  )
  let channel: BroadcastChannel | undefined
  try {
    channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      heard('channel', data instanceof Object ? data : null)
    }
  } catch {
    // Missing, or an opaque origin: storage has to do.
  }
  return {
    works: !!channel,
    post(message) {
      channel?.postMessage(message)
    },
    close() {
      abort.abort()
      channel?.close()
      // The answer of a refresh may still come, and is written down without it.
      channel = undefined
    },
  }
}
