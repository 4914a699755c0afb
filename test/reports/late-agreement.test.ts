import { describe, expect, it } from 'vitest'
import { SessionError } from '../../src/errors.js'
import type { Reply, ServerMethod, Tab } from '../../src/testing.js'
import type { Duration, ServerTimes } from '../../src/types.js'
import { createWorld, outcome } from '../unit/session/world.js'

interface Scene {
  readonly tabs: readonly [Tab, Tab]
  /** What became of the answer in the first tab after another `seconds`, and what both tabs show then. */
  readonly after: (seconds: number) => Promise<unknown[]>
}

/** Two tabs whose session ends for idleness in three seconds, one answer in the first, and a server that replies so to it. */
async function lastMoment(
  reply: Reply | ((method: string) => Reply),
  times: ServerTimes = {},
  idleTimeout: Duration = '15m',
  methodsOfSecond: readonly ServerMethod[] = ['keepAlive'],
): Promise<Scene> {
  const world = createWorld()
  world.server.times = times
  const timeouts = { idleTimeout, warnBefore: '5s' } as const
  const tools = { methods: ['keepAlive'] } as const
  const one = await world.signedIn(timeouts, tools)
  const two = world.tab(timeouts, { methods: methodsOfSecond })
  const tabs = [one, two] as const
  await world.until(outcome(one.session.extend()))
  await world.advance(one.session.deadlines()!.endAt - world.time.clock().wall - 3e3)
  expect(tabs.map((tab) => tab.visible())).toEqual(['warning', 'warning'])
  for (const tab of tabs) tab.takeEvents()
  world.server.reply = (method) => (typeof reply === 'function' ? reply(method) : reply)
  let result: unknown = 'none yet'
  void outcome(one.session.extend()).then((value) => (result = value))
  return {
    tabs,
    async after(seconds) {
      await world.advance(`${seconds}s`)
      return [result, ...tabs.map((tab) => tab.visible())]
    },
  }
}

describe('an answer to a warning that the server agrees to after the end', () => {
  // There, the client ended the session by its own clock while the extension was on its way. Right: who answers in time stays.
  it.each([
    ['the application', {}],
    ['the server', { idleExpiresIn: 60 }],
  ])('Kuldeeep18/LeadOrbit#218: who answers in time stays, where %s sets the idle timeout', async (_who, times) => {
    const { after, tabs } = await lastMoment({ after: 5000 }, times)
    expect(await after(4)).toEqual(['none yet', 'warning', 'warning'])
    expect(await after(2)).toEqual([true, 'active', 'active'])
    expect(tabs.map((tab) => tab.takeEvents().map(({ type }) => type))).toEqual([['extended'], ['extended']])
  })

  it('a server that does not agree in time lets the session end, 10 s after the answer at most', async () => {
    const { after, tabs } = await lastMoment({ hangs: true })
    expect(await after(9.9)).toEqual(['none yet', 'warning', 'warning'])
    expect(await after(0.2)).toEqual([false, 'signedOut', 'signedOut'])
    const [one, two] = tabs.map(({ session }) => session.getSnapshot())
    expect(one).toMatchObject({ reason: 'idle' })
    expect(two).toEqual(one)
  })

  it('a server that is slower than the idle timeout lets the session end as the answer alone would', async () => {
    const { after } = await lastMoment({ hangs: true }, {}, '8s')
    expect(await after(7.9)).toEqual(['none yet', 'warning', 'warning'])
    expect(await after(0.2)).toEqual([false, 'signedOut', 'signedOut'])
  })

  it('an answer that is repeated while the server hangs puts the end off once', async () => {
    const { after, tabs } = await lastMoment({ hangs: true })
    const { endAt } = tabs[0].session.deadlines()!
    for (let repeated = 0; repeated < 3; repeated++) {
      void outcome(tabs[0].session.extend())
      await after(4)
    }
    expect(tabs.map((tab) => tab.visible())).toEqual(['warning', 'warning'])
    expect(tabs[0].session.deadlines()!.endAt - endAt).toBe(3000)
    void outcome(tabs[0].session.extend())
    expect(await after(2)).toEqual([false, 'signedOut', 'signedOut'])
  })

  it('a server that fails, and agrees when it is asked again, counts as one that agreed', async () => {
    let calls = 0
    const { after } = await lastMoment(() => (calls++ ? {} : { fails: new SessionError('server') }))
    expect(await after(9)).toEqual([false, 'active', 'active'])
    expect(calls).toBe(2)
  })

  it('a check that is answered meanwhile takes no time away, nor does a page without keepAlive', async () => {
    const { after } = await lastMoment((method) => (method === 'check' ? {} : { after: 9500 }), {}, '15m', ['check'])
    expect(await after(9)).toEqual(['none yet', 'warning', 'warning'])
    expect(await after(1)).toEqual([true, 'active', 'active'])
  })
})
