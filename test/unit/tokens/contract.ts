import { expect, it } from 'vitest'
import { tokenStoreContract } from '../../contract/token-store.js'

/** Registers the contract of token stores, whose tests fail by throwing, as tests of this runner. */
export function keepsContract(makePlace: Parameters<typeof tokenStoreContract>[1]): void {
  tokenStoreContract((name, run) => {
    it(name, async () => {
      expect(await run().then(() => 'kept')).toBe('kept')
    })
  }, makePlace)
}
