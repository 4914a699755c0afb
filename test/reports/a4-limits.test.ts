import { describe, expect, it } from 'vitest'
import { createWorld, type Tab, type World } from '../../src/testing.js'
import type { SignInOptions } from '../../src/types.js'

async function signIn(world: World, tab: Tab, options?: SignInOptions): Promise<void> {
  await world.until(tab.session.signIn(world.grant(), options))
  await world.advance('1s')
}
const ends = (tab: Tab): number => (tab.session.deadlines()?.endAt ?? NaN) - tab.ports.clock().wall

describe('options that differ between tabs, or are known only after the sign-in', () => {
  // There, the policy of an organisation was read after the login. The tab that knew it ended the session in all tabs, and was the
  // only one that had warned. Right: a sign-in can shorten the limits, and all tabs share them in the record.
  it('LanternOps/breeze#6111: limits of a sign-in apply in all tabs, and all of them warn', async () => {
    const world = createWorld()
    const [one, two] = [world.tab({ idleTimeout: '1h' }), world.tab({ idleTimeout: '1h' })]
    await signIn(world, one, { idleTimeout: '10m' })
    expect(ends(two)).toBe(ends(one))
    await world.advance('8m')
    expect([one.visible(), two.visible()]).toEqual(['warning', 'warning'])
    await world.advance('2m')
    expect([one.visible(), two.visible()]).toEqual(['signedOut', 'signedOut'])
    expect(two.session.getSnapshot()).toMatchObject({ reason: 'idle' })
  })

  // There, each page had its own limits. Right: the shorter one counts in all tabs, and the page that has it warns the developer.
  it('granit-fx/granit-dotnet#421: the shorter of two options applies in both tabs, with a console warning', async () => {
    const world = createWorld()
    const long = world.tab({ idleTimeout: '1h' })
    await signIn(world, long)
    const short = world.tab({ idleTimeout: '10m' })
    await world.advance('1s')
    expect(ends(long)).toBe(ends(short))
    expect(short.warnings).toEqual([expect.stringContaining('idleTimeout 600000')])
    expect(long.warnings).toEqual([])
    const early = world.tab({ idleTimeout: '1h', absoluteTimeout: '6h' })
    await world.advance('1s')
    expect(early.warnings).toEqual([expect.stringContaining('absoluteTimeout 21600000')])
    await world.advance('9m')
    expect([long.visible(), short.visible()]).toEqual(['warning', 'warning'])
    await world.advance('2m')
    expect([long.visible(), short.visible()]).toEqual(['signedOut', 'signedOut'])
  })

  it('a page that opens after the sign-in knows its limits', async () => {
    const world = createWorld()
    const one = world.tab()
    await signIn(world, one, { idleTimeout: '4m', absoluteTimeout: '2m' })
    one.close()
    const two = world.tab()
    two.input()
    await world.advance('100s')
    expect(two.visible()).toBe('warning')
    expect(two.session.getSnapshot()).toMatchObject({ endsBy: 'absolute' })
    await world.advance('1m')
    expect(two.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  })

  it('a sign-in never lengthens the limits of the options', async () => {
    const world = createWorld()
    const tab = world.tab({ idleTimeout: '10m', absoluteTimeout: '1h' })
    const before = tab.ports.clock().wall
    await world.until(tab.session.signIn(world.grant(), { idleTimeout: '20m', absoluteTimeout: '2h' }))
    expect(tab.session.deadlines()?.endAt).toBe(before + 6e5 + 1)
  })

  it('the next sign-in starts without the limits of the one before', async () => {
    const world = createWorld()
    const tab = world.tab({ idleTimeout: '1h' })
    await signIn(world, tab, { idleTimeout: '10m' })
    await signIn(world, tab)

    expect(ends(tab)).toBe(36e5 - 1_004)
  })

  it('a login that continues may bring shorter limits on a page load', async () => {
    const world = createWorld()
    const setup = { methods: ['signOut'] } as const
    const one = world.tab({ idleTimeout: '1h' }, setup)
    await world.until(one.session.signIn(undefined, { login: 'ada-1' }))
    const two = world.tab({ idleTimeout: '1h' }, setup)
    await world.until(two.session.signIn(undefined, { login: 'ada-1', idleTimeout: '10m' }))
    await world.advance('1s')
    expect(ends(one)).toBe(ends(two))
    await world.advance('9m')
    expect([one.visible(), two.visible()]).toEqual(['warning', 'warning'])
  })

  it('a shorter idle timeout sends activity to the server more often', async () => {
    const world = createWorld()
    const tab = world.tab({ idleTimeout: '15m' }, { methods: ['keepAlive', 'signOut'] })
    await world.until(tab.session.signIn(undefined, { login: 'ada-1', idleTimeout: '3m' }))
    tab.input()
    await world.advance('61s')
    expect(world.server.count('keepAlive')).toBe(1)
  })

  it.each([
    [{ idleTimeout: '0s' }, 'signIn: idleTimeout is 0s. Give more than 0, or leave it out.'],
    [{ absoluteTimeout: 'soon' }, 'signIn: absoluteTimeout is soon'],
    [{ idleTimeout: -5 }, 'signIn: idleTimeout is -5'],
    [{ idleTimeout: false }, 'signIn: idleTimeout is false'],
  ])('%j is refused, and begins nothing', async (options, message) => {
    const world = createWorld()
    const tab = world.tab()
    const promise = tab.session.signIn(world.grant(), options as SignInOptions)
    await expect(promise).rejects.toMatchObject({
      code: 'invalid_options',
      message: expect.stringContaining(message) as string,
    })
    expect(tab.visible()).toBe('signedOut')
  })
})
