import { createHash, randomBytes } from 'node:crypto'
import type { Demo } from '../../demo/server/start.mjs'
import { createBrowser } from './browser.js'

/** What the demo's token endpoint answers. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
}

export const post = (demo: Demo, url: string, form: Record<string, string>): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams({ client_id: demo.clientId, ...form }) })

/** The tokens of a new sign-in: authorization code with PKCE, as a login library does it. */
export async function signIn(demo: Demo, name: string): Promise<Tokens> {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id: demo.clientId,
    redirect_uri: `${demo.url}/tab.html`,
    response_type: 'code',
    scope: 'openid',
    state: 'any',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const { searchParams } = await createBrowser(demo.url).signIn(`${demo.issuer}/auth?${query}`, name, '/tab.html')
  const code = searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: `${demo.url}/tab.html`, code_verifier: verifier }
  return (await (await post(demo, demo.tokenEndpoint, form)).json()) as Tokens
}
