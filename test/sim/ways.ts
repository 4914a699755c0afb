/** The ways of an act as words of a schedule: drawn at random, and parsed again. */
import { pick } from './random.js'
import type { Traits } from './traits.js'

export interface Ways<W> {
  /** `how`: a random number, 0 ≤ how < 1. */
  readonly draw: (how: number, traits: Traits) => string
  /** The value of the words; undefined if they belong to another act. */
  readonly read: (words: string) => W | undefined
}

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['h', 36e5],
  ['min', 6e4],
]

/** A duration in words, exact to the ms: `1 h`, `5 min`, `12.4 s`, `20 ms`. */
export function printSpan(ms: number): string {
  for (const [unit, length] of UNITS) if (ms > 0 && ms % length === 0) return `${ms / length} ${unit}`
  return ms >= 1e3 ? `${ms / 1e3} s` : `${ms} ms`
}

export function readSpan(words: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) (h|min|s|ms)$/.exec(words) ?? []
  return unit ? Math.round(Number(number) * ({ h: 36e5, min: 6e4, s: 1e3, ms: 1 }[unit] ?? NaN)) : undefined
}

/** The only way of an act without variants. */
export const ONE: Ways<true> = { draw: () => '', read: (words) => (words === '' ? true : undefined) }

/** Ways by name. `often`: the names, each repeated by its frequency. */
export const oneOf = <W>(ways: Readonly<Record<string, W>>, often: readonly string[] = Object.keys(ways)): Ways<W> => ({
  draw: (how) => pick(often, how),
  read: (words) => (Object.hasOwn(ways, words) ? ways[words] : undefined),
})

/** A duration of at least `least` ms. */
export const span = (least: number, most: (traits: Traits) => number, power = 1): Ways<number> => ({
  draw: (how, traits) => printSpan(Math.round(least + how ** power * (most(traits) - least))),
  read: readSpan,
})

/** A whole number from 1 on. */
export const upTo = (most: number): Ways<number> => ({
  draw: (how) => String(1 + Math.floor(how * most)),
  read: (words) => (/^\d+$/.test(words) ? Number(words) : undefined),
})
