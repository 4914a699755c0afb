import { SECOND, type World } from '../session/world.js'

/** `drop` cuts before the server acts, `lost` after it; both look like a refusal by CORS to a page. */
export type Fault =
  'none' | '503' | '429 in seconds' | '429 by date' | 'hang' | 'drop' | 'lost' | 'html' | 'text' | 'nonsense'

export const FAULTS: readonly Fault[] = ['503', '429 in seconds', '429 by date', 'hang', 'drop', 'html', 'nonsense']
const everybody = { frozen: false, gone: false }

/** A server behind a network, in the world's time. `clock`: how far this device's clock is ahead of the server's. */
export function network(world: World, { clock = 0, grace = false, type = 'Bearer' } = {}) {
  const state = {
    fault: 'none' as Fault,
    calls: [] as { path: string; at: number }[],
    inForce: 1,
    reuse: 0,
    over: false,
  }

  const act = (path: string, form: URLSearchParams | null): Response => {
    if (path.startsWith('/.well-known/'))
      return Response.json({ issuer: 'https://id.example', token_endpoint: 'https://id.example/token' })
    if (path !== '/token') return Response.json({ idleExpiresIn: 900 })
    const used = Number(form?.get('refresh_token'))
    if (used !== state.inForce) state.reuse++
    if (used !== state.inForce && !(grace && used === state.inForce - 1)) state.over = true
    if (state.over) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    state.inForce = used + 1
    return Response.json({
      access_token: `a${used + 1}`,
      token_type: type,
      expires_in: 300,
      refresh_token: String(used + 1),
    })
  }
  const answer = (path: string, form: URLSearchParams | null): Response => {
    const date = new Date(world.time.clock().wall - clock)
    const later = new Date(date.getTime() + 30 * SECOND)
    switch (state.fault) {
      case '503':
        return new Response('out of service', { status: 503 })
      case '429 in seconds':
        return new Response(null, { status: 429, headers: { 'Retry-After': '30' } })
      case '429 by date':
        return new Response(null, {
          status: 429,
          headers: { 'Retry-After': later.toUTCString(), Date: date.toUTCString() },
        })
      case 'html':
        return new Response('<html>Welcome', { headers: { 'Content-Type': 'text/html' } })
      case 'nonsense':
        return new Response('[7', { headers: { 'Content-Type': 'application/json' } })
      case 'text':
        return new Response(act(path, form).body, { headers: { 'Content-Type': 'text/plain' } })
      default:
        return act(path, form)
    }
  }
  const send: typeof fetch = async (input, init) =>
    new Promise((resolve, reject) => {
      const url = input instanceof Request ? input.url : String(input)
      const signal = input instanceof Request ? input.signal : init?.signal
      const path = new URL(url, 'https://app.example').pathname
      signal?.throwIfAborted()
      state.calls.push({ path, at: world.time.clock().mono })
      signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
      world.time.later(everybody, 20, () => {
        const { fault } = state
        if (fault === 'hang') return
        const response = fault === 'drop' ? null : answer(path, init?.body as URLSearchParams | null)
        if (!response || fault === 'lost') reject(new TypeError('Failed to fetch'))
        else resolve(response)
      })
    })
  return { state, send }
}
