import { describe, expect, it } from 'vitest'
import type { Duration } from '../../src/types.js'
import { createWorld } from '../unit/session/world.js'

describe('a timeout that stands for "never"', () => {
  // There, somebody entered 900000000009999 ms, and the application could not be used any more. Here the record with such a number was
  // refused by whoever read it: all other tabs, and the next page, showed that nobody was signed in.
  it.each<Duration>([900_000_000_009_999, '99999d', 4e12 + 1, 2 ** 53])(
    'Countly/countly-server#395: all tabs and the next page know of a session with a timeout of %s',
    async (idleTimeout) => {
      const world = createWorld()
      const options = { idleTimeout, absoluteTimeout: false } as const
      const tab = await world.signedIn(options)
      const other = world.tab(options)
      expect([tab.visible(), other.visible()]).toEqual(['active', 'active'])
      tab.close()
      other.close()
      expect(world.tab(options).visible()).toBe('active')
    },
  )

  it.each<Duration>([Number.MAX_SAFE_INTEGER, '99999999d'])(
    'Countly/countly-server#395: a timeout of %s is one that is switched off',
    async (never) => {
      const world = createWorld()
      const tab = await world.signedIn({ idleTimeout: never, absoluteTimeout: never }, { methods: ['keepAlive'] })
      expect(tab.session.deadlines()).toEqual({ warnAt: Infinity, endAt: Infinity, endsBy: null })
      tab.input()
      await world.advance('6m')
      expect(world.server.count('keepAlive')).toBe(1)
    },
  )

  it('Countly/countly-server#395: the same where the sign-in brings the limit', async () => {
    const world = createWorld()
    const options = { idleTimeout: false, absoluteTimeout: false } as const
    await world.until(world.tab(options).session.signIn(undefined, { absoluteTimeout: '99999d' }))
    expect(world.tab(options).visible()).toBe('active')
  })
})
