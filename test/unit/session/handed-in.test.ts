/** What the application hands in, and what it does where it is called back, that its types do not say. */
import { describe, expect, it } from 'vitest'
import { journal } from '../../../src/journal.js'
import { customServer } from '../../../src/servers/custom.js'
import type { SessionServer } from '../../../src/types.js'
import { createWorld } from './world.js'

describe('a request that nobody waits for', () => {
  it('a sign-out is not aborted because signOut() of the server returns at once', async () => {
    const world = createWorld()
    const signals: AbortSignal[] = []
    const signOut: SessionServer['signOut'] = async (_tokens, { signal }) => void signals.push(signal)
    const tab = await world.signedIn({ server: customServer({ signOut }) })
    await world.until(tab.session.signOut())
    await world.advance('1m')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })

  it('entries of a journal are not aborted because send() returns at once', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const signals: AbortSignal[] = []
    const log = journal(tab.session, { send: async (_entries, { signal }) => void signals.push(signal) })
    await log.flush()
    await world.advance('1m')
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  })
})
