/** S84 and S76 after each test: no token where none belongs, nothing that the policy had to block, nothing uncaught. */
import { expect } from '@playwright/test'
import { TOKEN_MARK, type TokenServer } from './server/token-server.js'
import type { Run } from './tab.js'

export interface Traces {
  /** The pages that are still there. */
  readonly pages: readonly Run[]
  /** What their consoles have shown. */
  readonly lines: readonly string[]
  /** Whether tokens lie in localStorage on purpose. */
  readonly inWebStorage: boolean
  readonly tokens: TokenServer
}

/** How long a page is given to answer: a test may have crashed or frozen it, or gone elsewhere. */
const PATIENCE = 1000

export async function expectNoHarm({ pages, lines, inWebStorage, tokens }: Traces): Promise<void> {
  expect(lines.filter((line) => line.includes(TOKEN_MARK) || line.startsWith('uncaught:'))).toEqual([])
  expect(tokens.calls.filter(({ url }) => url.includes(TOKEN_MARK))).toEqual([])
  for (const run of pages) {
    const seen = await Promise.race([
      run(() => {
        if (!('harness' in window)) return null
        const { harness } = window
        let local = ''
        try {
          local = JSON.stringify(Object.entries(localStorage))
        } catch {
          // Denied: then nothing of ours is in it.
        }
        return { told: harness.told(), uncaught: harness.uncaught, violations: harness.violations, local }
      }).catch(() => null),
      new Promise<null>((resolve) => setTimeout(resolve, PATIENCE, null)),
    ])
    if (!seen) continue
    expect(seen.told).not.toContain(TOKEN_MARK)
    expect(seen.uncaught).toEqual([])
    expect(seen.violations).toEqual([])
    if (!inWebStorage) expect(seen.local).not.toContain(TOKEN_MARK)
  }
}
