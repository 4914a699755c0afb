import { describe, expect, it } from 'vitest'
import type { Page } from '../../../src/testing.js'
import { contract, type EngineName, type Origin } from '../../contract/origin.js'
import { lookAtPrerendered, seenOfPrerendered } from '../../contract/prerendered.js'
import { createSeat, type Seat } from '../../contract/seat.js'
import { createWorld } from '../session/world.js'

type Seen = Parameters<typeof lookAtPrerendered>[2]

/** The fakes of an engine, as an origin whose tabs have nothing but their ports. */
function fakeOrigin(engine: EngineName): Origin {
  const world = createWorld({ engine })
  /** Lets each action arrive before the next one begins, as a driver does that waits for its reply. */
  const done = async <T>(work: () => T): Promise<T> => {
    const result = work()
    await world.advance(5)
    return result
  }
  const origin: Origin = {
    engine,
    async until(check, wanted) {
      for (let left = 100; JSON.stringify(await check()) !== JSON.stringify(wanted); left--) {
        if (!left) throw new Error(`not ${JSON.stringify(wanted)} but ${JSON.stringify(await check())}`)
        await world.advance(20)
      }
    },
    async open() {
      let page: Page
      let seat: Seat
      const load = (): void => {
        page = world.page()
        seat = createSeat(page.ports)
        seat.enter('room')
      }
      load()
      return done(() => ({
        post: async (text) =>
          done(() => {
            seat.post(text)
          }),
        write: async (text) =>
          done(() => {
            seat.write(text)
          }),
        read: async () => Promise.resolve(seat.read()),
        received: async () => Promise.resolve([...seat.received]),
        turns: async () => Promise.resolve([...seat.turns]),
        requestLock: async (wait) =>
          done(() => {
            seat.requestLock(wait)
          }),
        release: async () =>
          done(() => {
            seat.release()
          }),
        close: async () =>
          done(() => {
            page.close()
          }),
        crash: async () =>
          done(() => {
            page.crash()
          }),
        leave: async () =>
          done(() => {
            page.leave()
          }),
        async comeBack() {
          const isKept = page.comeBack()
          if (!isKept) load()
          return done(() => isKept)
        },
      }))
    },
  }
  return origin
}

describe.each(['chromium', 'firefox', 'webkit'] as const)('the fakes of %s keep the contract of origins', (engine) => {
  it.each(contract)('$name', async ({ look, seen }) => {
    expect(await look(fakeOrigin(engine))).toEqual(seen[engine])
  })
})

describe('the fake of a prerendered page', () => {
  it('the fake of a prerendered page keeps the contract of Chromium', async () => {
    const world = createWorld()
    const page = world.page({ prerendered: true })
    const [one, ahead] = [world.page(), page].map(({ ports }) => {
      const seat = createSeat(ports)
      seat.enter('room')
      const done =
        <A extends unknown[]>(work: (...what: A) => void) =>
        async (...what: A): Promise<void> => {
          work(...what)
          await world.advance(5)
        }
      return {
        post: done((text: string) => seat.post(text)),
        write: done((text: string) => seat.write(text)),
        requestLock: done((wait: number) => seat.requestLock(wait)),
        read: () => Promise.resolve(seat.read()),
        received: () => Promise.resolve([...seat.received]),
        turns: () => Promise.resolve([...seat.turns]),
      }
    }) as [Seen, Seen]
    const until = async (check: () => Promise<unknown>, wanted: unknown): Promise<void> => {
      await world.advance(1e3)
      expect(await check()).toEqual(wanted)
    }
    const open = (): Promise<void> => {
      page.activate()
      return world.advance(5)
    }
    expect(await lookAtPrerendered({ until }, one, ahead, open)).toEqual(seenOfPrerendered)
  })

  it('the fake of a prerendered page fires its timers on whole seconds until it is opened', async () => {
    const world = createWorld()
    const page = world.page({ prerendered: true })
    const { mono } = world.time.clock()
    const fired: number[] = []
    const onTimer = (): void => {
      fired.push(world.time.clock().mono - mono)
    }
    page.ports.after(300, onTimer)
    await world.advance('2s')
    page.activate()
    page.ports.after(300, onTimer)
    await world.advance('2s')
    expect(fired).toEqual([1000, 2300])
  })

  it('the fake of a prerendered page drops a request for a lock that is aborted while it waits', async () => {
    const world = createWorld()
    const page = world.page({ prerendered: true })
    const stop = new AbortController()
    const seen: unknown[] = []
    const request = world.locks.of(page)?.request('lock', { signal: stop.signal }, () => seen.push('granted'))
    request?.catch((error: unknown) => seen.push((error as Error).message))
    stop.abort(new Error('enough'))
    await world.advance('1s')
    expect(seen).toEqual(['enough'])
    page.activate()
    await world.advance('1s')
    expect(seen).toEqual(['enough'])
  })
})
