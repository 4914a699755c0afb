/** Random numbers from a seed: the same seed gives the same numbers. */
export interface Random {
  /** 0 ≤ x < 1. */
  readonly next: () => number
  /** A whole number, 0 ≤ x < `count`. */
  readonly below: (count: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(list: readonly T[]) => T
}

/** Mulberry32: small, fast, and random enough for this purpose. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(next() * count)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
  }
}

/** The element at this fraction of a list, 0 ≤ `how` < 1. */
export const pick = <T>(list: readonly T[], how: number): T =>
  list[Math.min(list.length - 1, Math.floor(how * list.length))] as T

/** The seed of world `index` of run `seed`. */
export const seedOf = (seed: number, index: number): number =>
  createRandom(seed ^ Math.imul(index + 1, 0x9e3779b1)).below(2 ** 32)
