/** What a test does with a page of `harness.ts`, with any driver. */
import type { Page } from '@playwright/test'
import type { Deadlines, SessionEvents, SessionStep, Snapshot } from 'sojourn'
import type { PageConfig, Recorded, Return, TokenAnswer } from './pages/harness.js'
import type { IssuedTokens } from './server/token-server.js'

export type EventType = keyof SessionEvents

export interface TokenOptions {
  minValidity?: number | `${number}s`
  forceRefresh?: boolean
}

/**
 * Back in the history, a task later: a page that leaves while it answers its driver answers with an error.
 * Playwright's own `goBack()` waits for a load that a page out of the back/forward cache never has.
 */
export const goBack = (page: Page): Promise<void> =>
  page.evaluate(() => {
    setTimeout(() => {
      history.back()
    })
  })

/** Runs a function inside the page, which knows nothing of what is around it but its argument, and returns its result. */
export type Run = <T, A = undefined>(work: (argument: A) => T | Promise<T>, argument?: A) => Promise<T>

export interface Actions {
  phase(): Promise<Snapshot['phase']>
  snapshot(): Promise<Snapshot>
  deadlines(): Promise<Deadlines | null>
  /** The code of the error, or null. */
  signIn(tokens?: IssuedTokens, login?: string): Promise<string | null>
  signOut(): Promise<void>
  extend(): Promise<boolean>
  token(options?: TokenOptions): Promise<TokenAnswer>
  tokens(count: number, options?: TokenOptions): Promise<TokenAnswer[]>
  /** The `count`-th event of its kind, as soon as it has come. */
  next(type: EventType, count?: number, within?: number): Promise<Recorded>
  events(type?: EventType): Promise<Recorded[]>
  /** The cause of the tab's last change to this phase: `channel`, `storage`, or a hint. */
  cause(phase: Snapshot['phase']): Promise<string | null>
  shiftClock(ms: number): Promise<void>
  stores(): Promise<string>
  /** All returns from the back/forward cache, and each load. */
  returns(): Promise<Return[]>
}

export function pageUrl(
  origin: string,
  path = '/app',
  config: PageConfig = {},
  search: Record<string, unknown> = {},
): string {
  const all = Object.entries({ config, ...search })
  return `${origin}${path}?${all.map(([name, value]) => `${name}=${encodeURIComponent(JSON.stringify(value))}`).join('&')}`
}

export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${String(ms)} ms`))
    }, ms)
  })
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer)
  })
}

/** For time that has to pass because it is what the test is about; never to wait for something that can be awaited. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

export function actionsBy(run: Run): Actions {
  const actions: Actions = {
    phase: async () => (await actions.snapshot()).phase,
    snapshot: () => run(() => window.harness.session.getSnapshot()),
    deadlines: () => run(() => window.harness.session.deadlines()),
    signIn: (tokens, login) => run(([given, name]) => window.harness.signIn(given, name), [tokens, login] as const),
    signOut: () => run(() => window.harness.session.signOut()),
    extend: () => run(() => window.harness.session.extend()),
    token: (options) => run((given) => window.harness.token(given), options),
    tokens: (count, options) => run(([many, given]) => window.harness.tokens(many, given), [count, options] as const),
    async next(type, count = 1, limit = 20_000) {
      const event = run(([kind, many]) => window.harness.next(kind, many), [type, count] as const)
      return within(limit, `event ${String(count)} of kind ${type}`, event)
    },
    events: (type) =>
      run(
        (kind: EventType | undefined) =>
          window.harness.events.filter((event) => kind === undefined || event.type === kind),
        type,
      ),
    cause: (phase) =>
      run((to: Snapshot['phase']) => {
        const steps = window.harness.steps.filter(
          (step): step is SessionStep => step instanceof Object && 'before' in step && 'after' in step,
        )
        return steps.findLast(({ before, after }) => before.phase !== to && after.phase === to)?.cause ?? null
      }, phase),
    shiftClock: (ms) =>
      run((by) => {
        window.harness.shiftClock(by)
      }, ms),
    stores: () => run(() => window.harness.stores()),
    returns: () => run(() => window.harness.returns()),
  }
  return actions
}
