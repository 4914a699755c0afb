import { createHash } from 'node:crypto'

export const ISSUER = 'https://id.example'
/** Seconds since 1970. */
export const seconds = (): number => Math.floor(Date.now() / 1e3)

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A JWT whose signature nobody checks: it comes over TLS from the token endpoint (OpenID Connect Core §3.1.3.7). */
export const jwt = (claims: object): string => `${encode({ alg: 'ES256' })}.${encode(claims)}.c2lnbmF0dXJl`

interface Code {
  readonly challenge: string
  readonly nonce: string
  readonly redirectUri: string
  readonly authTime: number | undefined
  used: boolean
}

/** An OpenID provider, as `fetch` and the address bar reach it. */
export function createProvider() {
  const codes = new Map<string, Code>()
  const provider = {
    /** The requests, without discovery. */
    calls: [] as { readonly url: string; readonly form: Record<string, string>; readonly headers: Headers }[],
    discoveries: 0,
    metadata: {} as Record<string, unknown>,
    /** How far the provider's clock is ahead of this device's, s. */
    ahead: 0,
    user: 'ada',
    /** When the user of the provider's own session authenticated, by its clock; a fresh authentication sets it. */
    authTime: undefined as number | undefined,
    /** Whether an ID token says when that was, though nobody asked. */
    tellsAuthTime: false,
    /** Whether the provider does what `prompt` and `max_age` ask for. */
    obeys: true,
    /** Changes the claims of ID tokens. */
    claims: (claims: Record<string, unknown>): Record<string, unknown> => claims,
    /** Answers a request to the token endpoint in place of the provider. */
    answer: (() => undefined) as (
      form: Record<string, string>,
      call: number,
    ) => Promise<Response> | Response | undefined,
    fetch: async (...call: Parameters<typeof fetch>): Promise<Response> => {
      const request = new Request(...call)
      if (request.url.includes('/.well-known/')) {
        provider.discoveries++
        return Response.json({
          issuer: ISSUER,
          authorization_endpoint: `${ISSUER}/authorize?tenant=a`,
          token_endpoint: `${ISSUER}/token`,
          end_session_endpoint: `${ISSUER}/end`,
          authorization_response_iss_parameter_supported: true,
          id_token_signing_alg_values_supported: ['ES256'],
          ...provider.metadata,
        })
      }
      const form = Object.fromEntries(new URLSearchParams(await request.text()))
      provider.calls.push({ url: request.url, form, headers: request.headers })
      return (await provider.answer(form, provider.calls.length)) ?? exchange(form)
    },
    /** The user logs in, or is known: the address to which the provider redirects. */
    authorize(address: URL | string): string {
      const { searchParams } = new URL(address)
      const get = (name: string): string => searchParams.get(name) ?? ''
      const now = seconds() + provider.ahead
      const asks = get('prompt') === 'login' || searchParams.get('max_age') === '0'
      if (provider.authTime === undefined || (asks && provider.obeys)) provider.authTime = now
      const isTold = provider.tellsAuthTime || asks || searchParams.has('max_age')
      const code = `code-${codes.size + 1}`
      codes.set(code, {
        challenge: get('code_challenge'),
        nonce: get('nonce'),
        redirectUri: get('redirect_uri'),
        authTime: isTold ? provider.authTime : undefined,
        used: false,
      })
      return answerTo(get('redirect_uri'), { code, state: get('state'), iss: ISSUER })
    },
  }

  const exchange = (form: Record<string, string>): Response => {
    const code = codes.get(form['code'] ?? '')
    const challenge = createHash('sha256')
      .update(form['code_verifier'] ?? '')
      .digest('base64url')
    const isRight = code && !code.used && challenge === code.challenge && form['redirect_uri'] === code.redirectUri
    if (code) code.used = true
    if (!isRight) return Response.json({ error: 'invalid_grant' }, { status: 400 })
    const iat = seconds() + provider.ahead
    const { nonce, authTime } = code
    const claims = { iss: ISSUER, sub: provider.user, aud: form['client_id'], iat, exp: iat + 300, nonce, sid: 'sid-1' }
    return Response.json({
      access_token: `access-${provider.calls.length}`,
      refresh_token: `refresh-${provider.calls.length}`,
      token_type: 'Bearer',
      expires_in: 300,
      id_token: jwt(provider.claims({ ...claims, ...(authTime !== undefined && { auth_time: authTime }) })),
    })
  }
  return provider
}

/** An address with the parameters of an answer. */
export function answerTo(redirectUri: string, parameters: Record<string, string>): string {
  const url = new URL(redirectUri)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}
