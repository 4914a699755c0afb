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

export async function prepare(tabs: AnyTabs, tokens: TokenServer, acts: 'before' | 'after'): Promise<Cast> {
  const holder = await tabs.open(noTimeouts)
  const others = await tabs.openTwo(noTimeouts)
  const issued = tokens.issue()
  await holder.signIn(issued)
  for (const tab of others) await tab.next('signedIn')
  const gate = createGate()
  tokens.failNext({ kind: 'gate', gate, acts })
  await holder.run(() => {
    void window.harness.token({ forceRefresh: true })
  })
  await gate.reached
  return { holder, others, old: issued.access_token, answer: gate.open }
}

/** The others want a newer token, and each has said so: what a page is asked later it answers later. */
async function wait(others: Cast['others']): Promise<Promise<TokenAnswer>[]> {
  const waiting = others.map((tab) => tab.token({ forceRefresh: true }))
  await Promise.all(others.map((tab) => tab.phase()))
  return waiting
}

/** What must hold for the others, however the holder comes to its end. */
export function testEnd(how: string, end: (holder: AnyTab) => Promise<void>): void {
  test(`${how} before the server acted, the others get one new token`, async ({ tabs, tokens }) => {
    const { holder, others, old, answer } = await prepare(tabs, tokens, 'after')
    const waiting = await wait(others)
    await end(holder)
    const [first, second] = await Promise.all(waiting)
    expect(first?.token).not.toBe(old)
    expect(first?.token).toBe(second?.token)
    expect(tokens.isLive(first?.token ?? '')).toBe(true)
    expect(tokens.counts).toEqual({ refreshes: 1, reuse: 0, graceUses: 0 })
    answer()
  })

  test(`${how} after a strict server rotated, there is one clean sign-out everywhere`, async ({ tabs, tokens }) => {
    const { holder, others, answer } = await prepare(tabs, tokens, 'before')
    const waiting = await wait(others)
    await end(holder)
    const answers = await Promise.all(waiting)
    expect(answers.map(({ code }) => code)).toEqual(['signed_out', 'signed_out'])
    for (const tab of others) {
      expect((await tab.events('signedOut')).map(({ detail }) => detail['reason'])).toEqual(['rejected'])
      expect(await tab.stores()).not.toContain('rt.')
    }
    expect(tokens.tokenCalls()).toHaveLength(2)
    answer()
  })

  test(`${how} after a server with grace rotated, the others go on`, async ({ tabs, tokens }) => {
    tokens.grace = 20_000
    const { holder, others, answer } = await prepare(tabs, tokens, 'before')
    const waiting = await wait(others)
    await end(holder)
    const answers = await Promise.all(waiting)
    expect(new Set(answers.map(({ token }) => token)).size).toBe(1)
    expect(tokens.isLive(answers[0]?.token ?? '')).toBe(true)
    expect(await Promise.all(others.map((tab) => tab.phase()))).toEqual(['active', 'active'])
    answer()
  })
}
