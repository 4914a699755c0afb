import { describe, expect, it } from 'vitest'
import { createWorld, type Tab, type World } from '../../src/testing.js'

const ADA = { login: 'ada-1' }

async function signedOutAda(): Promise<{ world: World; tab: Tab }> {
  const world = createWorld()
  const tab = world.tab()
  await world.until(tab.session.signIn(world.grant(), ADA))
  await world.until(tab.session.signOut())
  return { world, tab }
}
const refused = { code: 'invalid_options', message: expect.stringContaining('has ended') as string }

describe('a sign-in that is swallowed', () => {
  // Fresh tokens came with the login of an ended session: the call resolved, nobody was signed in, and the tokens stayed valid.
  // Right: the call is refused with a reason.
  it('tokens with the login of a session that was signed out are refused', async () => {
    const { world, tab } = await signedOutAda()
    await expect(world.until(tab.session.signIn(world.grant(), ADA))).rejects.toMatchObject(refused)
    expect(tab.visible()).toBe('signedOut')
    // The application still has the tokens, and may sign in again with a login of their own.
    expect(world.server.count('signOut')).toBe(1)
    expect(world.tokens.stored).toBeNull()
  })

  it('tokens with the login of a session that ran out are refused in every tab', async () => {
    const world = createWorld()
    const tab = world.tab({ idleTimeout: '1m' })
    await world.until(tab.session.signIn(world.grant(), ADA))
    await world.advance('2m')
    const other = world.tab()
    await expect(world.until(other.session.signIn(world.grant(), ADA))).rejects.toMatchObject(refused)
  })

  it('the same tokens begin a session with a login of their own', async () => {
    const { world, tab } = await signedOutAda()
    const tokens = world.grant()
    await world.until(tab.session.signIn(tokens, ADA)).catch(() => undefined)
    await world.until(tab.session.signIn(tokens, { login: 'ada-2' }))
    expect(tab.visible()).toBe('active')
    await expect(tab.session.getAccessToken()).resolves.toBe(tokens.access_token)
  })

  it('tokens whose login ends while they wait for the lock are revoked, and the caller gets an error', async () => {
    const world = createWorld()
    const [one, two] = [world.tab(), world.tab()]
    await world.until(one.session.signIn(world.grant(), ADA))
    await world.advance('1s')
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    void two.ports.withLock?.(
      'sojourn:session:1',
      { wait: 1e4, signal: new AbortController().signal },
      () => held,
      () => undefined,
    )
    await world.advance('10ms')
    const tokens = world.grant()
    const promise = two.session.signIn(tokens, ADA)
    await world.advance('10ms')
    await world.until(one.session.signOut())
    await world.advance('1s')
    release()
    await expect(world.until(promise)).rejects.toMatchObject({ code: 'signed_out' })
    expect(world.server.calls.at(-1)).toMatchObject({ method: 'signOut', tokens })
  })

  it('a login without tokens is safe on every page load: it neither revives nor rejects', async () => {
    const { world, tab } = await signedOutAda()
    await world.until(tab.session.signIn(undefined, ADA))
    expect(tab.visible()).toBe('signedOut')
  })
})
