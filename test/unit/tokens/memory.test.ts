import { describe, expect, it } from 'vitest'
import { memoryTokens } from '../../../src/tokens/stores/memory.js'
import { keepsContract } from './contract.js'

describe('memoryTokens', () => {
  keepsContract(() => ({ tab: memoryTokens }))

  it('memoryTokens() is not shared with other tabs', () => {
    expect(memoryTokens().shared).toBe(false)
  })
})
