/**
 * The behaviour that tabs of one origin can rely on among each other, and its limits. It is checked against the browsers'
 * own channel, storage and locks, and against their fakes in simulated worlds, which must not promise more.
 */
export type EngineName = 'chromium' | 'firefox' | 'webkit'

/** A tab, as the suite controls it from outside. */
export interface Place {
  readonly post: (text: string) => Promise<void>
  readonly write: (text: string) => Promise<void>
  readonly read: () => Promise<string | null>
  readonly received: () => Promise<string[]>
  readonly turns: () => Promise<string[]>
  /** Requests the lock; resolves when the browser has the request. */
  readonly requestLock: (wait: number) => Promise<void>
  readonly release: () => Promise<void>
  readonly close: () => Promise<void>
  /** Removes the tab without any event. */
  readonly crash: () => Promise<void>
  /** Navigates the tab to another page. */
  readonly leave: () => Promise<void>
  /** Goes back. True if the tab then shows the very page that was left. */
  readonly comeBack: () => Promise<boolean>
}

export interface Origin {
  readonly engine: EngineName
  readonly open: () => Promise<Place>
  /** Lets time pass until `check` returns `wanted`. */
  readonly until: (check: () => Promise<unknown>, wanted: unknown) => Promise<void>
}

export interface Clause {
  readonly name: string
  /** A feature that not every driver has. */
  readonly needs?: 'crash'
  /** Returns the observations, to be compared with `seen`. */
  readonly look: (origin: Origin) => Promise<unknown>
  readonly seen: Readonly<Record<EngineName, unknown>>
}

/** Longer than any test takes, even on a slow machine. */
const LONG = 60_000
const everywhere = (seen: unknown): Clause['seen'] => ({ chromium: seen, firefox: seen, webkit: seen })

/** Waits until `text` is the last thing that `place` has received. */
const until = async ({ until }: Origin, place: Place, text: string): Promise<void> =>
  until(async () => (await place.received()).at(-1), text)
const granted = async ({ until }: Origin, place: Place): Promise<void> => until(place.turns, ['granted'])

export const contract: readonly Clause[] = [
  {
    name: 'a message reaches all other tabs in order, and never its sender',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      for (const text of ['1', '2', '3', '4']) await one.post(text)
      await until(origin, two, 'channel 4')
      await two.post('end')
      await until(origin, one, 'channel end')
      return [await one.received(), await two.received()]
    },
    seen: everywhere([['channel end'], ['channel 1', 'channel 2', 'channel 3', 'channel 4']]),
  },
  {
    name: 'a write of a new text reaches all other tabs as an event with that text, in order',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      for (const text of ['1', '1', '2', '3']) await one.write(text)
      await until(origin, two, 'storage 3')
      const read = await two.read()
      await two.write('end')
      await until(origin, one, 'storage end')
      return [read, await one.received(), await two.received()]
    },
    seen: everywhere(['3', ['storage end'], ['storage 1', 'storage 2', 'storage 3']]),
  },
  {
    name: 'a tab that opens reads earlier writes, and receives no earlier messages',
    async look(origin) {
      const [one, witness] = [await origin.open(), await origin.open()]
      await one.post('early')
      await one.write('kept')
      await origin.until(witness.read, 'kept')
      const two = await origin.open()
      const read = await two.read()
      await one.post('late')
      await until(origin, two, 'channel late')
      return [read, await two.received()]
    },
    seen: everywhere(['kept', ['channel late']]),
  },
  {
    name: 'a lock is granted to one request at a time, in the order of the requests',
    async look(origin) {
      const [one, two, three] = [await origin.open(), await origin.open(), await origin.open()]
      await one.requestLock(LONG)
      await granted(origin, one)
      await two.requestLock(LONG)
      await three.requestLock(LONG)
      const before = [await two.turns(), await three.turns()]
      await one.release()
      await granted(origin, two)
      const between = await three.turns()
      await two.release()
      await granted(origin, three)
      return [...before, between]
    },
    seen: everywhere([[], [], []]),
  },
  {
    name: 'a request that must not wait fails while the lock is taken, and a later one is granted',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.requestLock(LONG)
      await granted(origin, one)
      await two.requestLock(0)
      await origin.until(two.turns, ['timeout'])
      await one.release()
      await two.requestLock(LONG)
      await origin.until(two.turns, ['timeout', 'granted'])
      return one.turns()
    },
    seen: everywhere(['granted']),
  },
  {
    name: 'a waiting tab that is closed is passed over, and a holder that is closed releases the lock',
    async look(origin) {
      const [one, two, three] = [await origin.open(), await origin.open(), await origin.open()]
      await one.requestLock(LONG)
      await granted(origin, one)
      await two.requestLock(LONG)
      await three.requestLock(LONG)
      await two.close()
      await one.close()
      await granted(origin, three)
      return three.turns()
    },
    seen: everywhere(['granted']),
  },
  {
    name: 'a holder that crashes releases the lock',
    needs: 'crash',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.requestLock(LONG)
      await granted(origin, one)
      await two.requestLock(LONG)
      await one.crash()
      await granted(origin, two)
      return two.turns()
    },
    seen: everywhere(['granted']),
  },
  {
    name: 'a message evicts a page from the back/forward cache, or is lost on it',
    async look(origin) {
      const [one, two, witness] = [await origin.open(), await origin.open(), await origin.open()]
      await one.leave()
      await two.post('missed')
      await until(origin, witness, 'channel missed')
      const kept = await one.comeBack()
      await two.post('end')
      await until(origin, one, 'channel end')
      return [kept, await one.received()]
    },
    seen: {
      chromium: [false, ['channel end']],
      firefox: [false, ['channel end']],
      webkit: [true, ['channel end']],
    },
  },
  {
    name: 'a page back from the back/forward cache reads later writes, and has events only in Chromium',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.leave()
      await two.write('1')
      await two.write('2')
      const kept = await one.comeBack()
      const read = await one.read()
      await two.write('end')
      await until(origin, one, 'storage end')
      return [kept, read, await one.received()]
    },
    seen: {
      chromium: [true, '2', ['storage 1', 'storage 2', 'storage end']],
      firefox: [true, '2', ['storage end']],
      webkit: [true, '2', ['storage end']],
    },
  },
  {
    name: 'a page that was left with a lock is evicted, or loses the lock, when another tab requests it',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.requestLock(LONG)
      await granted(origin, one)
      await one.leave()
      await two.requestLock(LONG)
      await granted(origin, two)
      return one.comeBack()
    },
    seen: { chromium: false, firefox: false, webkit: true },
  },
  {
    name: 'a page that is left while it waits for a lock is not kept, or waits on when it is back',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.requestLock(LONG)
      await granted(origin, one)
      await two.requestLock(LONG)
      await two.leave()
      const kept = await two.comeBack()
      await one.post('end')
      await until(origin, two, 'channel end')
      const before = await two.turns()
      await one.release()
      if (kept) await granted(origin, two)
      return [kept, before]
    },
    seen: { chromium: [true, []], firefox: [false, []], webkit: [true, []] },
  },
]
