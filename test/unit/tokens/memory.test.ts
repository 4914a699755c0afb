import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { keepsContract } from './contract.js'

describe('memoryTokens', () => {
  keepsContract(() => ({ tab: memoryTokens }))

  it('says that no other tab sees its tokens', () => {
    expect(memoryTokens().shared).toBe(false)
  })
})
