import { describe, expect, it, vi } from 'vitest'
import { oauth } from '../../src/servers/oauth.js'
import { createWorld, MINUTE, outcome, SECOND, type Tab } from '../unit/session/world.js'

/** Two tabs whose access token has expired, and a token endpoint that always gives this response. */
async function refused(status: number, body: unknown): Promise<{ tabs: [Tab, Tab]; codes: unknown[]; calls: number }> {
  const world = createWorld()
  const send = vi.fn(async () => Promise.resolve(Response.json(body, { status })))
  const server = oauth({ tokenEndpoint: 'https://id.example/token', clientId: 'app', fetch: send })
  const tabs: [Tab, Tab] = [world.tab({ server }), world.tab({ server })]
  await world.until(tabs[0].session.signIn({ ...world.grant(), expires_in: 30 }))
  const codes = new Set<unknown>()
  // Ten minutes of work, in both tabs.
  for (let passed = 0; passed < 10 * MINUTE; passed += 10 * SECOND) {
    await world.advance(10 * SECOND)
    for (const tab of tabs) {
      tab.input()
      codes.add(await world.until(outcome(tab.session.getAccessToken())))
    }
  }
  return { tabs, codes: [...codes].filter((code) => code !== 'access-f1-1'), calls: send.mock.calls.length }
}

describe('final errors of the token endpoint', () => {
  // Microsoft Entra ID answers the refresh grant with the errors of OpenID Connect Core §3.1.2.6 if a policy needs the user: a
  // second factor, consent, another password. There, `interaction_required` was an error that nobody caught, or a warning in the
  // console: the application could not tell that the user had to sign in. Right: the session ends once, in all tabs.
  it.each([
    [400, { error: 'interaction_required', error_description: 'AADSTS50076: …', suberror: 'basic_action' }],
    [400, { error: 'interaction_required', suberror: 'consent_required' }],
    [400, { error: 'consent_required' }],
    [400, { error: 'login_required' }],
    [403, { error: 'mfa_required', mfa_token: 'x' }],
    [401, { error: 'unauthorized', error_description: 'user is blocked' }],
    [400, { error: 'bad_refresh_token' }],
    [200, { error: 'bad_refresh_token' }],
    [400, { error: 'invalid_grant', error_subtype: 'invalid_rapt' }],
  ])(
    'AzureAD/microsoft-authentication-library-for-js#7115, damienbod/angular-auth-oidc-client#381: final errors of the token endpoint end the session once, in all tabs: %i %j',
    async (status, body) => {
      const { tabs, codes, calls } = await refused(status, body)
      expect(codes).toEqual(['signed_out'])
      expect(calls).toBe(1)
      for (const tab of tabs) {
        expect(tab.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'rejected' })
        expect(tab.takeEvents().filter(({ type }) => type === 'signedOut')).toHaveLength(1)
      }
    },
  )

  // These are errors of the configuration. The developer has to correct them, and a sign-out of all users would not help.
  it.each(['invalid_client', 'unauthorized_client', 'invalid_scope', 'invalid_target', 'unsupported_grant_type'])(
    'errors of the client cause one warning in the console, and end nothing: %s',
    async (error) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
      const { tabs, codes } = await refused(400, { error })
      expect(codes).toEqual(['server'])
      for (const tab of tabs) expect(tab.phase()).toBe('active')
      expect(warn.mock.calls).toEqual([[expect.stringContaining(error)]])
      warn.mockRestore()
    },
  )
})
