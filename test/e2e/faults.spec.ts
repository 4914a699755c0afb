/** Every call to a server under every fault, in a real browser, from another origin, with a clock that may be wrong. */
import { expect, test as base } from './fixtures.js'
import type { CallName, Result } from './pages/servers.js'
import { FAULTS, startFaultyServer, type Fault, type FaultyServer } from './server/faulty.js'

const test = base.extend<{ faulty: FaultyServer }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures it shall make from this pattern
  faulty: async ({}, use) => {
    const faulty = await startFaultyServer()
    await use(faulty)
    await faulty.close()
  },
})

const CALLS: readonly CallName[] = [
  ...(['refresh', 'refresh with proof', 'discovery', 'revocation'] as const),
  ...(['keepAlive', 'check', 'signOut', 'fetch', 'fetch with proof'] as const),
]
const isFetch = (call: CallName): boolean => call.startsWith('fetch')

/** What is to come of a call, where it is not what comes of most. */
function expected(call: CallName, fault: Fault | 'offline'): string {
  const works = isFetch(call) ? '200' : 'ok'
  switch (fault) {
    case 'none':
    case 'text':
      return works
    case 'html':
      // Revocation and sign-out read nothing; what fetch brings is the application's to read.
      if (isFetch(call) || call === 'revocation' || call === 'signOut') return works
      return call === 'discovery' ? 'server' : 'invalid_response'
    case '503':
      if (isFetch(call)) return '503'
      return call === 'revocation' ? 'ok' : 'server'
    case '429 in seconds':
    case '429 by date':
      if (isFetch(call)) return '429'
      return call === 'revocation' ? 'ok' : 'rate_limited'
    case 'hang':
      return 'AbortError'
    // The session takes it for `offline`.
    default:
      return 'TypeError'
  }
}

for (const hours of [0, 2, -2]) {
  test(
    `every call reports what failed, with a clock that is ${String(hours)} h off`,
    { tag: '@chromium' },
    async ({ context, server, faulty }) => {
      const page = await context.newPage()
      await page.goto(`${server.origin}/servers?asks=${encodeURIComponent(faulty.origin)}`)
      await page.evaluate(([origin, offset]) => window.servers.start(origin, offset), [
        faulty.origin,
        hours * 3_600_000,
      ] as const)
      const call = async (name: CallName, fault: Fault): Promise<Result> => {
        faulty.fault = fault
        faulty.nonce = name.endsWith('proof') ? 'nonce' : null
        return page.evaluate(([which, limit]) => window.servers.call(which, limit), [
          name,
          fault === 'hang' ? 100 : 10_000,
        ] as const)
      }
      const outcomes: string[] = []
      const wanted: string[] = []
      // Where everything works first: a proof learns the nonce and the right time by being refused, and is not refused for long.
      for (const fault of ['none', ...FAULTS] as const) {
        // A clock that is wrong changes nothing but what has to do with time.
        if (hours !== 0 && !['none', '429 in seconds', '429 by date'].includes(fault)) continue
        for (const name of CALLS) {
          const { code, wait } = await call(name, fault)
          const waits =
            code === 'rate_limited'
              ? wait !== null && wait > 3000 && wait <= 5100
                ? ', 5 s'
                : `, ${String(wait)}`
              : ''
          outcomes.push(`${name}: ${fault} → ${code}${waits}`)
          const should = expected(name, fault)
          wanted.push(`${name}: ${fault} → ${should}${should === 'rate_limited' ? ', 5 s' : ''}`)
        }
      }
      if (hours === 0) {
        await context.setOffline(true)
        for (const name of CALLS) {
          outcomes.push(`${name}: offline → ${(await call(name, 'none')).code}`)
          wanted.push(`${name}: offline → ${expected(name, 'offline')}`)
        }
        await context.setOffline(false)
      }
      expect(outcomes).toEqual(wanted)

      // Each proof is new, all are of one key, and what was refused was refused for the nonce or the clock, once for each path.
      const refused = faulty.proofs.filter(({ problem }) => problem !== null)
      expect(new Set(faulty.proofs.map(({ jti }) => jti)).size).toBe(faulty.proofs.length)
      expect(new Set(faulty.proofs.map(({ key }) => key)).size).toBe(1)
      expect(refused.map(({ problem }) => problem)).toEqual([hours === 0 ? 'use_dpop_nonce' : 'invalid_dpop_proof'])
    },
  )
}
