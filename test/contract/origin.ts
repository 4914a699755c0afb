/**
 * What the tabs of one origin may rely on among each other, and what they may not. It is run against the browsers' own
 * channel, storage and locks, and against the fakes that stand for them in simulated worlds, which must be no kinder.
 */
export type EngineName = 'chromium' | 'firefox' | 'webkit'

/** A tab, as the suite controls it from outside. */
export interface Place {
  readonly say: (text: string) => Promise<void>
  readonly write: (text: string) => Promise<void>
  readonly read: () => Promise<string | null>
  readonly heard: () => Promise<string[]>
  readonly turns: () => Promise<string[]>
  /** Requests the lock; resolves when the browser has the request. */
  readonly ask: (wait: number) => Promise<void>
  readonly release: () => Promise<void>
  readonly close: () => Promise<void>
  /** Gone without a word. */
  readonly crash: () => Promise<void>
  /** To another page of the same tab. */
  readonly leave: () => Promise<void>
  /** And back: whether it is the page that was left. */
  readonly comeBack: () => Promise<boolean>
}

export interface Origin {
  readonly engine: EngineName
  readonly open: () => Promise<Place>
  /** Lets time pass until `check` gives this. */
  readonly until: (check: () => Promise<unknown>, wanted: unknown) => Promise<void>
}

export interface Clause {
  readonly name: string
  /** What not every driver can do. */
  readonly needs?: 'crash'
  /** What was seen. */
  readonly look: (origin: Origin) => Promise<unknown>
  readonly seen: Readonly<Record<EngineName, unknown>>
}

/** Longer than any test takes, on a slow machine too. */
const LONG = 60_000
const everywhere = (seen: unknown): Clause['seen'] => ({ chromium: seen, firefox: seen, webkit: seen })

/** Waits until `place` has heard `text`, last of all. */
const until = async ({ until }: Origin, place: Place, text: string): Promise<void> =>
  until(async () => (await place.heard()).at(-1), text)
const granted = async ({ until }: Origin, place: Place): Promise<void> => until(place.turns, ['granted'])

export const contract: readonly Clause[] = [
  {
    name: 'what a tab says, the others hear in its order, and it does not hear itself',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      for (const text of ['1', '2', '3', '4']) await one.say(text)
      await until(origin, two, 'channel 4')
      await two.say('end')
      await until(origin, one, 'channel end')
      return [await one.heard(), await two.heard()]
    },
    seen: everywhere([['channel end'], ['channel 1', 'channel 2', 'channel 3', 'channel 4']]),
  },
  {
    name: 'what a tab writes, the others are told in its order and with each text, unless it was there already',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      for (const text of ['1', '1', '2', '3']) await one.write(text)
      await until(origin, two, 'storage 3')
      const read = await two.read()
      await two.write('end')
      await until(origin, one, 'storage end')
      return [read, await one.heard(), await two.heard()]
    },
    seen: everywhere(['3', ['storage end'], ['storage 1', 'storage 2', 'storage 3']]),
  },
  {
    name: 'a tab that opens finds what was written, and hears nothing of what was said',
    async look(origin) {
      const [one, witness] = [await origin.open(), await origin.open()]
      await one.say('early')
      await one.write('kept')
      await origin.until(witness.read, 'kept')
      const two = await origin.open()
      const read = await two.read()
      await one.say('late')
      await until(origin, two, 'channel late')
      return [read, await two.heard()]
    },
    seen: everywhere(['kept', ['channel late']]),
  },
  {
    name: 'turns come in the order in which they were asked for, one at a time',
    async look(origin) {
      const [one, two, three] = [await origin.open(), await origin.open(), await origin.open()]
      await one.ask(LONG)
      await granted(origin, one)
      await two.ask(LONG)
      await three.ask(LONG)
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
    name: 'who does not want to wait hears that it is taken, and the next one gets it when it is free',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.ask(LONG)
      await granted(origin, one)
      await two.ask(0)
      await origin.until(two.turns, ['timeout'])
      await one.release()
      await two.ask(LONG)
      await origin.until(two.turns, ['timeout', 'granted'])
      return one.turns()
    },
    seen: everywhere(['granted']),
  },
  {
    name: 'whoever waits and is closed is passed over, and a holder that is closed makes way',
    async look(origin) {
      const [one, two, three] = [await origin.open(), await origin.open(), await origin.open()]
      await one.ask(LONG)
      await granted(origin, one)
      await two.ask(LONG)
      await three.ask(LONG)
      await two.close()
      await one.close()
      await granted(origin, three)
      return three.turns()
    },
    seen: everywhere(['granted']),
  },
  {
    name: 'a holder that crashes makes way',
    needs: 'crash',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.ask(LONG)
      await granted(origin, one)
      await two.ask(LONG)
      await one.crash()
      await granted(origin, two)
      return two.turns()
    },
    seen: everywhere(['granted']),
  },
  {
    name: 'what is said while a page is in the back/forward cache throws it away, or is lost on it',
    async look(origin) {
      const [one, two, witness] = [await origin.open(), await origin.open(), await origin.open()]
      await one.leave()
      await two.say('missed')
      await until(origin, witness, 'channel missed')
      const kept = await one.comeBack()
      await two.say('end')
      await until(origin, one, 'channel end')
      return [kept, await one.heard()]
    },
    seen: {
      chromium: [false, ['channel end']],
      firefox: [false, ['channel end']],
      webkit: [true, ['channel end']],
    },
  },
  {
    name: 'what is written while a page is in the back/forward cache is there when it is back; only Chromium tells of it',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.leave()
      await two.write('1')
      await two.write('2')
      const kept = await one.comeBack()
      const read = await one.read()
      await two.write('end')
      await until(origin, one, 'storage end')
      return [kept, read, await one.heard()]
    },
    seen: {
      chromium: [true, '2', ['storage 1', 'storage 2', 'storage end']],
      firefox: [true, '2', ['storage end']],
      webkit: [true, '2', ['storage end']],
    },
  },
  {
    name: 'a page that holds the turn is not kept, or loses it, when somebody else asks',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.ask(LONG)
      await granted(origin, one)
      await one.leave()
      await two.ask(LONG)
      await granted(origin, two)
      return one.comeBack()
    },
    seen: { chromium: false, firefox: false, webkit: true },
  },
  {
    name: 'a page that waits for its turn and is left is not kept, or waits on when it is back',
    async look(origin) {
      const [one, two] = [await origin.open(), await origin.open()]
      await one.ask(LONG)
      await granted(origin, one)
      await two.ask(LONG)
      await two.leave()
      const kept = await two.comeBack()
      await one.say('end')
      await until(origin, two, 'channel end')
      const before = await two.turns()
      await one.release()
      if (kept) await granted(origin, two)
      return [kept, before]
    },
    seen: { chromium: [true, []], firefox: [false, []], webkit: [true, []] },
  },
]
