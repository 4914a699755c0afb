import { agreed, expect, noTimeouts, pause, shortIdle, test, within, type Tab } from './fixtures.js'

const hour = 3_600_000
/** How late a busy machine may be, in ms; early it is never. */
const late = 3000

function expectOnTime(at: number, due: number | undefined): void {
  expect(at - (due ?? NaN)).toBeGreaterThanOrEqual(-50)
  expect(at - (due ?? NaN)).toBeLessThan(late)
}

async function signIn(all: Tab[]): Promise<void> {
  await all[0]?.signIn()
  await Promise.all(all.map((tab) => tab.next('signedIn')))
}

for (const { how, clockOffset, tag } of [
  { how: 'two hours fast', clockOffset: 2 * hour, tag: [] },
  { how: 'two hours slow', clockOffset: -2 * hour, tag: '@chromium' },
]) {
  test(
    `S33 an expired token with a clock that is ${how} costs one call, and no loop`,
    { tag },
    async ({ tabs, tokens }) => {
      const config = { ...noTimeouts, clockOffset }
      const all = await tabs.openMany(2, config)
      await all[0]?.signIn(tokens.issue({ accessLife: 1 }))
      await all[1]?.next('signedIn')
      await pause(1100)
      const answers = await Promise.all(all.map((tab) => tab.token()))
      expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
      expect(tokens.isLive(answers[0]?.token ?? '')).toBe(true)
      const calls = tokens.tokenCalls().length
      expect(calls).toBe(1)
      const later = await tabs.open(config)
      expect((await later.token()).token).toBe(answers[0]?.token)
      await pause(1000)
      expect(tokens.tokenCalls()).toHaveLength(1)
    },
  )
}

test('S35 a sleep past the token’s expiry costs one refresh, and no caller gets the expired token', async ({
  tabs,
  tokens,
}) => {
  const all = await tabs.openMany(3, noTimeouts)
  const issued = tokens.issue()
  await all[0]?.signIn(issued)
  await Promise.all(all.map((tab) => tab.next('signedIn')))
  await Promise.all(all.map((tab) => tab.shiftClock(hour)))
  await all[1]?.click()
  const answers = await Promise.all(all.map((tab) => tab.token()))
  expect(answers.map(({ token }) => token)).not.toContain(issued.access_token)
  expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
  expect(tokens.tokenCalls()).toHaveLength(1)
})

test('S51 every tab without activity warns at its time and ends at its time', async ({ tabs }) => {
  const options = { idleTimeout: 8000, warnBefore: 4000, absoluteTimeout: false } as const
  const all = await tabs.openMany(3, { options, server: 'none' })
  await signIn(all)
  const due = await all[0]?.deadlines()
  expect(due?.endsBy).toBe('idle')
  for (const tab of all) {
    const warning = await tab.next('warning')
    expectOnTime(warning.at, due?.warnAt)
    expect(warning.detail).toEqual({ endAt: due?.endAt, canExtend: true })
  }
  for (const tab of all) {
    const end = await tab.next('signedOut')
    expectOnTime(end.at, due?.endAt)
    expect(end.detail['reason']).toBe('idle')
    expect(await tab.snapshot()).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: due?.endAt })
    expect((await tab.events()).map(({ type }) => type)).toEqual(['signedIn', 'warning', 'signedOut'])
  }
})

test('S52 activity in one tab extends the session in the other', async ({ tabs, context }) => {
  await context.clock.install()
  const [busy, quiet] = await tabs.openMany(2, { server: 'none' })
  if (!busy || !quiet) throw new Error('no tabs')
  await signIn([busy, quiet])
  for (let minutes = 0; minutes < 36; minutes += 12) {
    const before = (await busy.deadlines())?.endAt ?? 0
    await busy.page.keyboard.press('a')
    // A driver is done before the page has seen the input, now and then.
    await expect.poll(async () => (await busy.deadlines())?.endAt).toBeGreaterThan(before)
    await agreed(busy, quiet)
    await context.clock.fastForward('12:00')
  }
  expect(await quiet.events('warning')).toEqual([])
  await context.clock.fastForward('01:30')
  await Promise.all([busy, quiet].map((tab) => tab.next('warning')))
})

test(
  'S53 refreshes, timers, storage and background requests are not activity',
  { tag: '@chromium' },
  async ({ tabs, tokens }) => {
    const [tab, other] = await tabs.openMany(2, shortIdle)
    if (!tab || !other) throw new Error('no tabs')
    for (const each of [tab, other]) {
      await each.page.evaluate(() => {
        let n = 0
        setInterval(() => {
          localStorage.setItem('harness.app', String(n++))
          void fetch('/resource').catch(() => null)
          document.title = `Unread ${String(n)}`
          scrollTo(0, n % 2)
          document.querySelector<HTMLElement>(n % 2 ? '#text' : '#press')?.focus()
          if (n % 5 === 0) void window.harness.token({ forceRefresh: true })
        }, 100)
      })
    }
    await tab.signIn(tokens.issue())
    const due = await tab.deadlines()
    const end = await other.next('signedOut')
    expectOnTime(end.at, due?.endAt)
    expect(tokens.counts.refreshes).toBeGreaterThan(1)
  },
)

test('S54 the click that wakes a machine after the deadline does not revive the session', async ({ tabs, tokens }) => {
  const all = await tabs.openMany(2, { options: { idleTimeout: '15m' } })
  await all[0]?.signIn(tokens.issue())
  await all[1]?.next('signedIn')
  await Promise.all(all.map((tab) => tab.shiftClock(hour)))
  await all[0]?.click()
  for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('idle')
  expect((await all[1]?.token())?.code).toBe('signed_out')
  expect(tokens.tokenCalls()).toHaveLength(0)
  // A warning that comes late would be of no use.
  for (const tab of all) expect(await tab.events('warning')).toEqual([])
})

test('S54 a token is refused after the deadline even if nothing has woken the tab yet', async ({ tabs, tokens }) => {
  const tab = await tabs.open({ options: { idleTimeout: '15m' } })
  await tab.signIn(tokens.issue())
  await tab.shiftClock(hour)
  expect((await tab.token()).code).toBe('signed_out')
  expect(await tab.phase()).toBe('signedOut')
  await expect.poll(() => tab.stores()).not.toContain('rt.')
})

for (const activityDuringWarning of ['ignore', 'extend'] as const) {
  test(
    `S54 "stay signed in" on an open warning revives nothing (activity: ${activityDuringWarning})`,
    { tag: '@chromium' },
    async ({ tabs }) => {
      const all = await tabs.openMany(2, {
        options: { idleTimeout: '20m', warnBefore: '10m', absoluteTimeout: false, activityDuringWarning },
        server: 'none',
      })
      await signIn(all)
      await Promise.all(all.map((tab) => tab.shiftClock(12 * 60_000)))
      await all[0]?.page.evaluate(() => window.harness.session.check())
      await all[1]?.page.evaluate(() => window.harness.session.check())
      expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['warning', 'warning'])
      await Promise.all(all.map((tab) => tab.shiftClock(hour)))
      expect(await all[0]?.extend()).toBe(false)
      await all[1]?.click()
      for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('idle')
      for (const tab of all) expect(await tab.events('extended')).toEqual([])
    },
  )
}

test(
  'S55 "stay signed in" in one tab closes the warning in the other',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const all = await tabs.openMany(2, { server: 'none' })
    await signIn(all)
    await context.clock.fastForward('13:10')
    await Promise.all(all.map((tab) => tab.next('warning')))
    const before = await all[0]?.deadlines()
    expect(await all[1]?.extend()).toBe(true)
    const told = await all[0]?.next('extended')
    expect(told?.detail).toEqual({ by: 'user', where: 'elsewhere' })
    expect((await all[1]?.next('extended'))?.detail).toEqual({ by: 'user', where: 'here' })
    expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['active', 'active'])
    const after = await all[0]?.deadlines()
    expect(after?.endAt).toBeGreaterThan((before?.endAt ?? Infinity) + 12 * 60_000)
    // And the whole way once more.
    await agreed(...all)
    await context.clock.fastForward('13:10')
    await Promise.all(all.map((tab) => tab.next('warning', 2)))
  },
)

test(
  'activity during the warning is ignored, or closes it in all tabs where the options say so',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const ignoring = await tabs.open({ options: { name: 'ignoring' }, server: 'none' })
    const [one, two] = await tabs.openMany(2, { options: { activityDuringWarning: 'extend' }, server: 'none' })
    if (!one || !two) throw new Error('no tabs')
    await ignoring.signIn()
    await signIn([one, two])
    await context.clock.fastForward('13:10')
    await Promise.all([ignoring, one, two].map((tab) => tab.next('warning')))
    await ignoring.click()
    await one.click()
    expect((await two.next('extended')).detail).toEqual({ by: 'activity', where: 'elsewhere' })
    expect(await one.phase()).toBe('active')
    expect(await ignoring.phase()).toBe('warning')
    await context.clock.fastForward('02:00')
    await ignoring.next('signedOut')
  },
)

test(
  'S57 the absolute timeout beats activity and survives a reload',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const [tab, other] = await tabs.openMany(2, { options: { idleTimeout: false }, server: 'none' })
    if (!tab || !other) throw new Error('no tabs')
    await signIn([tab, other])
    const snapshot = await tab.snapshot()
    const startedAt = 'startedAt' in snapshot ? snapshot.startedAt : NaN
    for (let hours = 0; hours < 11; hours++) {
      await context.clock.fastForward('01:00:00')
      await tab.page.keyboard.press('a')
      if (hours === 6) await tab.page.reload()
    }
    const due = await tab.deadlines()
    expect(due?.endsBy).toBe('absolute')
    // The tabs' fake clocks may be a millisecond apart.
    expect(Math.abs((due?.endAt ?? NaN) - (startedAt + 12 * hour))).toBeLessThan(10)
    await context.clock.fastForward('58:10')
    expect((await other.next('warning')).detail['canExtend']).toBe(false)
    expect(await tab.extend()).toBe(false)
    await tab.click()
    await context.clock.fastForward('02:00')
    expect((await other.next('signedOut')).detail['reason']).toBe('absolute')
    expect(await tab.snapshot()).toMatchObject({ phase: 'signedOut', reason: 'absolute' })
  },
)

test(
  'S58 an idle user causes no background refresh and no keep-alive',
  { tag: '@chromium' },
  async ({ tabs, tokens, context }) => {
    await context.clock.install()
    const all = await tabs.openMany(2, {
      options: { idleTimeout: '60m', warnBefore: '2m', keepAliveEvery: '5m' },
      keepAlive: true,
    })
    await all[0]?.signIn(tokens.issue({ accessLife: 300 }))
    await all[1]?.next('signedIn')
    for (let minute = 0; minute < 50; minute += 5) await context.clock.fastForward(5 * 60_000)
    expect(await all[1]?.phase()).toBe('active')
    expect(tokens.calls).toEqual([])
    // The first input brings both back.
    const refreshed = tokens.nextCall('/token')
    const told = tokens.nextCall('/alive')
    await all[0]?.click()
    await within(10_000, 'refresh and keep-alive', Promise.all([refreshed, told]))
    expect(tokens.counts.reuse).toBe(0)
  },
)

test(
  'a session on an ordinary day warns after thirteen idle minutes of fifteen, in all tabs',
  { tag: '@chromium' },
  async ({ tabs, context }) => {
    await context.clock.install()
    const all = await tabs.openMany(2, { server: 'none' })
    await signIn(all)
    await context.clock.fastForward('12:50')
    await all[0]?.click()
    await agreed(...all)
    await context.clock.fastForward('12:30')
    expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['active', 'active'])
    await context.clock.fastForward('00:40')
    await Promise.all(all.map((tab) => tab.next('warning')))
    await context.clock.fastForward('02:00')
    for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('idle')
  },
)

test('a timeout of thirty days does not end at once', { tag: '@chromium' }, async ({ tabs }) => {
  const tab = await tabs.open({
    options: { idleTimeout: '30d', absoluteTimeout: '60d', warnBefore: '1d' },
    server: 'none',
  })
  await tab.signIn()
  await pause(500)
  expect(await tab.phase()).toBe('active')
  expect((await tab.events()).map(({ type }) => type)).toEqual(['signedIn'])
  // Nor does a timer that is too long for the browser come at once, again and again.
  expect(await tab.page.evaluate(() => window.harness.steps.length)).toBeLessThan(10)
})

test('a clock set back by an hour gives an idle user no hour', { tag: '@chromium' }, async ({ tabs, context }) => {
  await context.clock.install()
  const all = await tabs.openMany(2, { server: 'none' })
  await signIn(all)
  await context.clock.fastForward('05:00')
  await Promise.all(all.map((tab) => tab.shiftClock(-hour)))
  await context.clock.fastForward('08:10')
  await Promise.all(all.map((tab) => tab.next('warning')))
  // Two seconds more than without, at the most.
  await context.clock.fastForward('01:52')
  for (const tab of all) expect((await tab.next('signedOut')).detail['reason']).toBe('idle')
})

test('a clock set back by an hour ends no session in use', { tag: '@chromium' }, async ({ tabs, context }) => {
  await context.clock.install()
  const all = await tabs.openMany(2, { server: 'none' })
  await signIn(all)
  await all[0]?.page.keyboard.press('a')
  await Promise.all(all.map((tab) => tab.shiftClock(-hour)))
  for (let minutes = 0; minutes < 30; minutes += 6) {
    await all[0]?.page.keyboard.press('a')
    await agreed(...all)
    await context.clock.fastForward('06:00')
  }
  expect(await Promise.all(all.map((tab) => tab.phase()))).toEqual(['active', 'active'])
  for (const tab of all) expect(await tab.events('warning')).toEqual([])
})
