import { lease } from '../../src/ports/lease.js'
import type { Ports } from '../../src/ports/types.js'

/** One tab's place among the tabs of an origin: the three ports by which they have to do with each other, and what came of it. */
export interface Seat {
  /** Begins anew, under a name that tabs of other tests do not have. */
  enter(room: string): void
  say(text: string): void
  write(text: string): void
  read(): string | null
  /** Requests the lock, for at most `wait` ms, and keeps it until `release()`. */
  ask(wait: number): void
  release(): void
  readonly heard: string[]
  /** `granted`, or the code of the error. */
  readonly turns: string[]
}

export function createSeat(ports: Pick<Ports, 'openChannel' | 'openRecordStore' | 'withLock'>): Seat {
  let room = ''
  let tabs: ReturnType<Ports['openChannel']> | undefined
  let records: ReturnType<Ports['openRecordStore']> | undefined
  let done = new AbortController()
  let release: () => void = () => undefined
  const heard: string[] = []
  const turns: string[] = []
  return {
    heard,
    turns,
    enter(name) {
      release()
      done.abort()
      tabs?.close()
      done = new AbortController()
      room = name
      heard.length = turns.length = 0
      records = ports.openRecordStore(room)
      // As each session does at its start; before, WebKit sends a page no event for the writes of others.
      records.read()
      tabs = ports.openChannel(room, (cause, message) => heard.push(`${cause} ${String(message?.record)}`))
    },
    say(record) {
      tabs?.post({ record })
    },
    write(record) {
      records?.write({ record })
    },
    read: () => records?.read()?.record ?? null,
    ask(wait) {
      const work = (): Promise<void> => {
        turns.push('granted')
        return new Promise((resolve) => (release = resolve))
      }
      const degraded = (): void => {
        turns.push('without locks')
      }
      const { withLock } = ports
      if (!withLock) throw new Error('There are no locks.')
      withLock(room, { wait, signal: done.signal, lease }, work, degraded).catch((error: unknown) => {
        turns.push((error as { code: string }).code)
      })
    },
    release() {
      release()
    },
  }
}
