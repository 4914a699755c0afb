import type { Heard, RecordStore, Tabs, Texts } from '../../../../src/ports/types.js'
import type { Owner, Time } from './time.js'

/** localStorage and BroadcastChannel of one origin: what is written is there at once, what is heard comes later. */
export interface Board {
  /** What lies in storage, by key. Write here to play another program. */
  readonly stored: Map<string, string>
  /** What was said by channel, by whom. */
  readonly said: { readonly from: Listener; readonly message: Partial<Texts> }[]
  /** False: every access fails, as with blocked cookies. */
  storage: boolean
  /** False: tabs that open from now on have no channel. */
  channel: boolean
  /** How long a storage event and a message are on their way; Infinity: they are lost. */
  delay: { storage: number; channel: number }
  /** How often storage was read and written. */
  readonly count: { reads: number; writes: number }
  readonly records: (from: Listener, name: string) => RecordStore
  readonly open: (to: Listener, name: string, heard: Heard) => Tabs
  /** Somebody else changes storage: another program, the user, the browser. */
  readonly change: (texts: Readonly<Record<string, string | null>>) => void
}

export interface Listener extends Owner {
  readonly name: string
}

interface Open {
  readonly to: Listener
  readonly name: string
  readonly heard: Heard
  readonly channel: boolean
}

export function createBoard(time: Time): Board {
  const open = new Set<Open>()
  const stored = new Map<string, string>()
  const said: Board['said'] = []

  const tell = (from: Listener | null, delay: number, to: (one: Open) => void): void => {
    if (delay === Infinity) return
    for (const one of open) if (one.to !== from) time.later(one.to, delay, () => open.has(one) && to(one))
  }
  const write = (from: Listener | null, key: string, text: string | null): void => {
    if ((stored.get(key) ?? null) === text) return
    if (text === null) stored.delete(key)
    else stored.set(key, text)
    tell(from, board.delay.storage, ({ name, heard }) => {
      if (key === name) heard('storage', { record: text })
      if (key === `${name}:end`) heard('storage', { end: text })
    })
  }

  const board: Board = {
    stored,
    said,
    storage: true,
    channel: true,
    delay: { storage: 2, channel: 1 },
    count: { reads: 0, writes: 0 },
    records: (from, name) => ({
      read() {
        board.count.reads++
        if (!board.storage) return null
        return { record: stored.get(name) ?? null, end: stored.get(`${name}:end`) ?? null }
      },
      write(texts) {
        board.count.writes++
        if (!board.storage) return false
        if (texts.end) write(from, `${name}:end`, texts.end)
        if (texts.record) write(from, name, texts.record)
        return true
      },
    }),
    open(to, name, heard) {
      const one: Open = { to, name, heard, channel: board.channel }
      open.add(one)
      return {
        works: board.channel,
        say(message) {
          if (!one.channel) return
          said.push({ from: to, message })
          // A channel carries a copy, not the object.
          const copy = structuredClone(message)
          tell(to, board.delay.channel, (other) => {
            if (other.channel && other.name === name) other.heard('channel', copy)
          })
        },
        close: () => open.delete(one),
      }
    },
    change(texts) {
      for (const [key, text] of Object.entries(texts)) write(null, key, text)
    },
  }
  return board
}
