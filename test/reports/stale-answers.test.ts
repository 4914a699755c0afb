import { describe, expect, it } from 'vitest'
import { createWorld } from '../unit/session/world.js'

describe('a service worker that answers for the backend from its cache', () => {
  // There, a user was shown as signed in after the end of the session, because the worker had kept the last response. Right: such a
  // response cannot be distinguished from a backend that extends the session at each check, and the developer is warned of both.
  it('Julien-Au/gymcoach#357, FRC-Team3484/open-scouting#46: stale responses cause one console warning', async () => {
    const world = createWorld()
    world.server.times = { idleExpiresIn: 840 }
    const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' }, { methods: ['check'] })
    await world.advance('2h')
    expect(tab.warnings).toHaveLength(1)
    expect(tab.warnings[0]).toMatch(/check/)
  })

  it('a service worker that answers from its cache does not extend beyond the absolute timeout', async () => {
    const world = createWorld()
    world.server.times = { idleExpiresIn: 840, absoluteExpiresIn: 40_000 }
    const tab = await world.signedIn({ idleTimeout: '15m', absoluteTimeout: '8h' }, { methods: ['check'] })
    await world.advance('479m')
    expect(tab.phase()).toBe('warning')
    await world.advance('1m')
    expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })
})
