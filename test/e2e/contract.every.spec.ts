/** The contract of origins, kept by the browsers' own ports: what the fakes of the simulated worlds are measured against. */
import { contract, type Origin, type Place } from '../contract/origin.js'
import { expect, test } from './every.js'
import { processOf } from './process.js'

test('channel, storage, locks and page cache behave as the simulated worlds assume', async ({
  profile,
  server,
  engine,
}) => {
  test.setTimeout(120_000)
  let rooms = 0
  /** The last text in each room. */
  const written = new Map<string, string>()
  /** Tabs that are used again: opening one takes longest. */
  const free: ((room: string) => Promise<Place>)[] = []
  const openTab = async (): Promise<(typeof free)[number]> => {
    const tab = await profile.newTab()
    const { run } = tab
    const arrived = (): Promise<void> => expect.poll(() => run(() => 'seat' in window).catch(() => false)).toBe(true)
    await tab.goTo(`${server.origin}/ports`)
    await arrived()
    return async (room) => {
      const enter = (): Promise<void> => run((name) => window.seat.enter(name), room)
      /** How many hold the turn or wait for it, as the browser knows it. */
      const known = (): Promise<number> =>
        run(async (name) => {
          const { held = [], pending = [] } = await navigator.locks.query()
          return [...held, ...pending].filter((lock) => lock.name === name).length
        }, room)
      await enter()
      return {
        post: (text) => run((given) => window.seat.post(given), text),
        async write(text) {
          written.set(room, text)
          await run((given) => window.seat.write(given), text)
        },
        read: () => run(() => window.seat.read()),
        received: () => run(() => window.seat.received),
        turns: () => run(() => window.seat.turns),
        async requestLock(wait) {
          const before = await known()
          await run((given) => window.seat.requestLock(given), wait)
          // It waits, or it has its turn already.
          const isKnown = async (): Promise<boolean> =>
            (await known()) > before || (await run(() => window.seat.turns.includes('granted')))
          if (wait > 0) await expect.poll(isKnown).toBe(true)
        },
        release: () => run(() => window.seat.release()),
        close: () => tab.close(),
        crash: async () => {
          process.kill(await processOf(run), 'SIGKILL')
        },
        async leave() {
          await tab.goTo(`${server.origin}/away`)
        },
        async comeBack() {
          // What was written has reached this process: a page that comes back has nothing else to go by.
          await expect.poll(() => run((name) => localStorage.getItem(name), room)).toBe(written.get(room) ?? null)
          await tab.back().catch(() => undefined)
          await arrived()
          const isKept = (): Promise<boolean | null> => run(() => window.isKept)
          await expect.poll(isKept).not.toBeNull()
          const kept = (await isKept()) === true
          if (!kept) await enter()
          return kept
        },
      }
    }
  }

  // WebKit's driver gives up together with a page's process.
  const clauses = contract.filter(({ needs }) => engine.name !== 'webkit' || needs !== 'crash')
  for (const { name, look, seen } of clauses) {
    await test.step(name, async () => {
      const room = `room-${String(++rooms)}`
      const used: (typeof free)[number][] = []
      const gone = new Set<(typeof free)[number]>()
      const origin: Origin = {
        engine: engine.name,
        async until(check, wanted) {
          await expect.poll(check).toEqual(wanted)
        },
        async open() {
          const tab = free.shift() ?? (await openTab())
          used.push(tab)
          const place = await tab(room)
          const end = (work: () => Promise<void>) => async (): Promise<void> => {
            gone.add(tab)
            await work()
          }
          return { ...place, close: end(place.close), crash: end(place.crash) }
        },
      }
      expect({ [name]: await look(origin) }).toEqual({ [name]: seen[engine.name] })
      free.push(...used.filter((tab) => !gone.has(tab)))
    })
  }
})
