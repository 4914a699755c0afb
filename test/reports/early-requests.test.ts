import { describe, expect, it, vi } from 'vitest'
import { createFetch } from '../../src/fetch.js'
import { createWorld } from '../unit/session/world.js'

describe('a request while the page does not know its session yet', () => {
  // There, requests that children sent before the interceptors were in place got a 401 that nothing repeated. Here a page without
  // storage is `loading` until another tab has answered: a stronger sign-in that succeeded did not repeat the request.
  it('Bike4Mind/bike4mind#663: an early request is sent again after a stronger sign-in', async () => {
    const world = createWorld()
    world.storage.isAvailable = false
    const byCookie = { server: undefined, tokenStore: undefined } as never
    await world.signedIn(byCookie)
    const { session } = world.tab(byCookie)
    expect(session.getSnapshot().phase).toBe('loading')
    const demand = { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' }
    const answers = [new Response(null, { status: 401, headers: demand }), new Response('done')]
    const stepUp = vi.fn(() => Promise.resolve(true))
    const send = (): Promise<Response> => Promise.resolve(answers.shift()!)
    const api = createFetch(session, { origins: ['https://api.example'], stepUp, fetch: send })
    const response = await world.until(api('https://api.example/orders'))
    expect(stepUp).toHaveBeenCalledTimes(1)
    expect(response.status).toBe(200)
  })
})
