import { describe, expect, it } from 'vitest'
import { createFetch } from '../../src/fetch.js'
import { createWorld, MINUTE } from '../unit/session/world.js'

const API = 'https://api.example'

describe('a server whose `expires_in` is no length of time', () => {
  // There, `expires_in` was the instant at which the token expires, in seconds or ms since 1970. Taken for a length of time it is half a
  // century: a token that the API has long refused counts as good. Right: the 401 of the API brings a new one, each time, with one refresh.
  it.each([1_734_567_890, 1_502_305_985_425])(
    'endurain-project/endurain#514, markitosgv/JWTRefreshTokenBundle#126: tokens with expires_in %i are replaced when the API refuses them',
    async (expires_in) => {
      const world = createWorld()
      let issued = 0
      let issuedAt = world.time.clock().wall
      const tab = world.tab({
        idleTimeout: false,
        server: {
          refresh: () => {
            issuedAt = world.time.clock().wall
            return Promise.resolve({
              access_token: `access-${++issued}`,
              refresh_token: 'r',
              token_type: 'Bearer',
              expires_in,
            })
          },
        },
      })
      await world.until(
        tab.session.signIn({ access_token: 'access-0', refresh_token: 'r', token_type: 'Bearer', expires_in }),
      )
      const answer = (request: Request): Response => {
        const isGood = request.headers.get('Authorization') === `Bearer access-${issued}`
        return new Response(null, { status: isGood && world.time.clock().wall < issuedAt + 5 * MINUTE ? 200 : 401 })
      }
      const api = createFetch(tab.session, {
        origins: [API],
        fetch: (input) => Promise.resolve(answer(input as Request)),
      })
      for (let turn = 1; turn < 5; turn++) {
        await world.advance('6m')
        expect((await world.until(api(`${API}/orders`))).status).toBe(200)
        expect(issued).toBe(turn)
      }
      expect(tab.visible()).toBe('active')
    },
  )
})
