import { describe, expect, it } from 'vitest'
import { createFetch } from '../../src/fetch.js'
import { createWorld, HOUR, MINUTE, SECOND, type World } from '../unit/session/world.js'

/** A world whose clocks have an error, as with privacy settings and extensions of browsers. */
function inexact(step: number, jitter: number): World {
  let seed = 7
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
  const read = (instant: number): number => Math.floor(instant / step) * step + Math.floor(random() * jitter)
  return createWorld({
    ports: (own) => ({
      ...own,
      wallNow: () => read(own.wallNow()),
      clock() {
        const { wall, mono } = own.clock()
        return { wall: read(wall), mono: read(mono) }
      },
    }),
  })
}

describe('a device whose clock is wrong', () => {
  // There, the expiry in a token was compared with the clock of the device. A device with a fast clock found each new token expired,
  // requested the next one, and had none. A device with a slow clock returned expired tokens, and ignored the 401.
  it.each([HOUR, -HOUR])(
    'koala73/worldmonitor#5932: a device whose clock is off by %s ms has a valid token',
    async (off) => {
      const world = createWorld()
      world.setClock(off)
      const tab = await world.signedIn()
      expect(await world.until(tab.session.getAccessToken())).toBe('access-f1-1')
      tab.input()
      // The token is valid for five minutes, and is refreshed a minute before its expiry.
      await world.advance('239s')
      expect(world.server.count('refresh')).toBe(0)
      await world.advance('1s')
      expect(world.server.count('refresh')).toBe(1)
    },
  )

  it('workos/authkit-nextjs#470: a device with a wrong clock gets another token if the server refuses one', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    // At the server the token expires earlier than its response says.
    const seen: (string | null)[] = []
    const api = createFetch(tab.session, {
      origins: ['https://api.example'],
      fetch: (input) => {
        const token = (input as Request).headers.get('Authorization')
        seen.push(token)
        return Promise.resolve(new Response(null, { status: token === 'Bearer access-f1-1' ? 401 : 200 }))
      },
    })
    expect((await world.until(api('https://api.example/orders'))).status).toBe(200)
    expect(seen).toEqual(['Bearer access-f1-1', 'Bearer access-f1-2'])
    expect(tab.phase()).toBe('active')
  })

  it('workos/authkit-nextjs#470: a device refreshes as long before the end after the clock was set back', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.advance('1m')
    world.setClock(-HOUR)
    tab.input()
    await world.advance('179s')
    expect(world.server.count('refresh')).toBe(0)
    await world.advance('1s')
    expect(world.server.count('refresh')).toBe(1)
  })
})

describe('a device whose clocks are inexact on purpose', () => {
  // Firefox rounds both clocks and adds jitter: there, a wait that was measured with them ended too early. Right: a session ends
  // at its deadline, within the precision of the clocks.
  it.each([
    [1, 2],
    [100, 100],
    [100, 200],
  ])('web-platform-tests/wpt#57314: a device keeps its time to %s ms, with %s ms of jitter', async (step, jitter) => {
    const world = inexact(step, jitter)
    const tab = await world.signedIn({ idleTimeout: '15m', absoluteTimeout: '12h', warnBefore: '2m' })
    // The warning of the absolute end comes two minutes before it.
    for (let left = 12 * HOUR - 2 * MINUTE - SECOND; left > 0; left -= 10 * SECOND) {
      if (left % MINUTE < 10 * SECOND) tab.input()
      await world.advance(Math.min(left, 10 * SECOND))
    }
    expect(tab.phase()).toBe('active')
    await world.advance('2s')
    expect(tab.phase()).toBe('warning')
    await world.advance('2m')
    expect(tab.takeEvents().at(-1)).toMatchObject({ type: 'signedOut', reason: 'absolute' })
  })

  it('a device with inexact clocks is idle after its idle timeout, and not before', async () => {
    const world = inexact(100, 200)
    const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
    await world.advance('779s')
    expect(tab.phase()).toBe('active')
    await world.advance('2s')
    expect(tab.phase()).toBe('warning')
    await world.advance('118s')
    expect(tab.phase()).toBe('warning')
    await world.advance('2s')
    expect(tab.phase()).toBe('signedOut')
  })
})
