import { lease } from '../../src/ports/lease.js'
import type { Ports } from '../../src/ports/types.js'

/** One tab of an origin: the three ports that connect it with other tabs, and the results of its calls. */
export interface Seat {
  /** Starts afresh, under a name that no tab of another test uses. */
  enter(room: string): void
  post(text: string): void
  write(text: string): void
  read(): string | null
  /** Requests the lock, for at most `wait` ms, and keeps it until `release()`. */
  requestLock(wait: number): void
  release(): void
  readonly received: string[]
  /** `granted`, or the code of the error. */
  readonly turns: string[]
}

export function createSeat(ports: Pick<Ports, 'openChannel' | 'openRecordStore' | 'withLock'>): Seat {
  let room = ''
  let tabs: ReturnType<Ports['openChannel']> | undefined
  let records: ReturnType<Ports['openRecordStore']> | undefined
  let done = new AbortController()
  let release: () => void = () => undefined
  const received: string[] = []
  const turns: string[] = []
  return {
    received,
    turns,
    enter(name) {
      release()
      done.abort()
      tabs?.close()
      done = new AbortController()
      room = name
      received.length = turns.length = 0
      records = ports.openRecordStore(room)
      // Each session reads at its start, too. Until a page has read, WebKit sends it no event for the writes of others.
      records.read()
      tabs = ports.openChannel(room, (cause, message) => received.push(`${cause} ${String(message?.record)}`))
    },
    post(record) {
      tabs?.post({ record })
    },
    write(record) {
      records?.write({ record })
    },
    read: () => records?.read()?.record ?? null,
    requestLock(wait) {
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
