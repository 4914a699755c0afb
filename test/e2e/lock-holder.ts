/** A tab in the middle of a refresh, and two that need it. */
import { expect, noTimeouts, test, type AnyTab, type AnyTabs } from './every.js'
import type { TokenAnswer } from './pages/harness.js'
import { createGate, type TokenServer } from './server/token-server.js'

export interface Cast {
  /** Holds the lock, and waits for the server. */
  readonly holder: AnyTab
  readonly others: readonly [AnyTab, AnyTab]
  /** The token that all have. */
  readonly old: string
  /** Lets the server answer. */
  readonly answer: () => void
}

/** Ways in which the holder of the lock may end or stop. `ready` runs before it has the lock, because it may take long. */
export async function prepare<T>(
  tabs: AnyTabs,
  tokens: TokenServer,
  acts: 'before' | 'after',
  ready: (holder: AnyTab) => Promise<T>,
): Promise<Cast & { readonly readied: T }> {
  const holder = await tabs.open(noTimeouts)
  const others = await tabs.openTwo(noTimeouts)
  const issued = tokens.issue()
  await holder.signIn(issued)
  for (const tab of others) await tab.next('signedIn')
  const readied = await ready(holder)
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts })
  await holder.run(() => {
    void window.harness.token({ forceRefresh: true })
  })
  await gate.reached
  return { holder, others, old: issued.access_token, answer: gate.open, readied }
}

/** They want a newer token, and stand in line for it. */
export async function standInLine(tabs: readonly AnyTab[]): Promise<() => Promise<TokenAnswer[]>> {
  const waiting = Promise.all(tabs.map((tab) => tab.token({ forceRefresh: true })))
  const inLine = (): Promise<unknown> =>
    Promise.all(tabs.map(({ run }) => run(async () => ((await navigator.locks.query()).pending ?? []).length)))
  await expect.poll(inLine).toEqual(tabs.map(() => tabs.length))
  return () => waiting
}

/** What must hold for the others, however the holder comes to its end. */
export function testEnd(how: string, findEnd: (holder: AnyTab) => Promise<() => unknown>): void {
  test(`${how} before the server acted, the others get one new token`, async ({ tabs, tokens }) => {
    const { others, old, answer, readied: end } = await prepare(tabs, tokens, 'after', findEnd)
    const answered = await standInLine(others)
    await end()
    const [first, second] = await answered()
    expect(first?.token).not.toBe(old)
    expect(first?.token).toBe(second?.token)
    expect(tokens.isLive(first?.token ?? '')).toBe(true)
    expect(tokens.counts).toEqual({ refreshes: 1, reuse: 0, graceUses: 0 })
    answer()
  })

  test(
    `${how} after a strict server rotated, there is one clean sign-out everywhere`,
    { tag: '@chromium' },
    async ({ tabs, tokens }) => {
      const { others, answer, readied: end } = await prepare(tabs, tokens, 'before', findEnd)
      const answered = await standInLine(others)
      await end()
      const answers = await answered()
      expect(answers.map(({ code }) => code)).toEqual(['signed_out', 'signed_out'])
      for (const tab of others) {
        expect((await tab.events('signedOut')).map(({ detail }) => detail['reason'])).toEqual(['rejected'])
        expect(await tab.stores()).not.toContain('rt.')
      }
      expect(tokens.tokenCalls()).toHaveLength(2)
      answer()
    },
  )

  test(`${how} after a server with grace rotated, the others go on`, { tag: '@chromium' }, async ({ tabs, tokens }) => {
    tokens.grace = 20_000
    const { others, answer, readied: end } = await prepare(tabs, tokens, 'before', findEnd)
    const answered = await standInLine(others)
    await end()
    const answers = await answered()
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
    expect(tokens.isLive(answers[0]?.token ?? '')).toBe(true)
    expect(await Promise.all(others.map((tab) => tab.phase()))).toEqual(['active', 'active'])
    answer()
  })
}
