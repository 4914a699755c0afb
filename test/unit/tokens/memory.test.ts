import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../../src/tokens/memory.js'
import { tokenStoreContract } from '../../contract/token-store.js'

describe('memoryTokens', () => {
  tokenStoreContract(it, () => ({ tab: memoryTokens }))

  it('says that no other tab sees its tokens', () => {
    expect(memoryTokens().shared).toBe(false)
  })
})
