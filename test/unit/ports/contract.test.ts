import { describe, expect, it } from 'vitest'
import type { Page } from '../../../src/testing.js'
import { contract, type EngineName, type Origin } from '../../contract/origin.js'
import { createSeat, type Seat } from '../../contract/seat.js'
import { createWorld } from '../session/world.js'

/** The fakes of an engine, as an origin whose tabs have nothing but their ports. */
function fakeOrigin(engine: EngineName): Origin {
  const world = createWorld({ engine })
  /** What is done arrives before the next thing is done, as with a driver that waits for its answer. */
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
        say: async (text) =>
          done(() => {
            seat.say(text)
          }),
        write: async (text) =>
          done(() => {
            seat.write(text)
          }),
        read: async () => Promise.resolve(seat.read()),
        heard: async () => Promise.resolve([...seat.heard]),
        turns: async () => Promise.resolve([...seat.turns]),
        ask: async (wait) =>
          done(() => {
            seat.ask(wait)
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
