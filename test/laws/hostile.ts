export type Random = () => number

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c: a seed repeats a run. */
export function createRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const SPECIAL = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '', '\u0000', '\ud800', 'null', '1e999'],
  ...['<script>', '../..', 'x'.repeat(5000), '{"a":1}', '[', 'session', 'signOut', 'wiped', 'ofAnotherVersion'],
]
const NUMBERS = [0, -0, -1, 0.5, 1, 2, 1e3, 2 ** 31, 2 ** 53, 864e13, 1e300, -1e300]
const FIELDS = [
  ...['id', 'seq', 'startedAt', 'activeAt', 'skew', 'generation', 'tokenAt', 'tokenExpiresAt', 'failures', 'retryAt'],
  ...['toldAt', 'askedAt', 'serverAt', 'serverIdleEndsAt', 'serverAbsoluteEndsAt', 'login', 'endedAt', 'reason'],
]

/** Hostile values. Many of their numbers are near `now`. */
export function createHostile(random: Random, now: number) {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
  const number = (): number => (random() < 0.5 ? now + Math.round((random() - 0.5) * 4e7) : pick(NUMBERS))

  /** A JSON text, also of what no `JSON.stringify` would write: 1e999, a key twice, `__proto__`. */
  const json = (depth = 2): string => {
    const kind = random()
    if (depth === 0 || kind < 0.3) return pick([String(number()), 'null', 'true', '1e999', '-1e999', '""', '[]', '{}'])
    if (kind < 0.5) return JSON.stringify(pick(SPECIAL))
    if (kind < 0.6) return `[${json(depth - 1)},${json(depth - 1)}]`
    const members = Array.from({ length: 1 + Math.floor(random() * 3) }, () => `${key()}:${json(depth - 1)}`)
    return `{${members.join(',')}}`
  }
  const key = (): string =>
    JSON.stringify(pick(['__proto__', 'constructor', 'toString', 'polluted', 'record', 'end', pick(FIELDS)]))

  /** A sound text with some of its members replaced, or with more of them. */
  const spoilt = (sound: object, keys: readonly string[] = FIELDS): string => {
    const members = new Map(Object.entries(sound).map(([name, value]) => [name, JSON.stringify(value)]))
    const instants = (): string => String(number())
    for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
      const name = pick(keys)
      if (random() < 0.1) members.delete(name)
      else members.set(random() < 0.9 ? name : pick(SPECIAL), random() < 0.6 ? instants() : json(1))
    }
    const text = `{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`
    if (random() < 0.05) return text.slice(0, Math.floor(random() * text.length))
    return random() < 0.05 ? text.replace('{', `{"__proto__":${json(1)},`) : text
  }

  /** What a structured clone can be, besides text. */
  const thing = (): unknown =>
    pick<() => unknown>([
      () => null,
      () => undefined,
      () => number(),
      () => pick(SPECIAL),
      () => NaN,
      () => 10n,
      () => new Date(number()),
      () => new Map([[pick(SPECIAL), 1]]),
      () => new Error('x'),
      () => new Uint8Array(8),
      () => [[], [null]],
      () => ({ then: 1 }),
      () => JSON.parse(`{"__proto__":{"polluted":1},"a":${String(Math.round(random() * 9))}}`) as unknown,
    ])()

  return { pick, number, json, spoilt, thing, random }
}

/** What hostile input has left on what everything inherits from; empty where all is well. */
export function pollution(): string[] {
  const found: string[] = []
  for (const name in {}) found.push(name)
  for (const own of [Object.prototype, Array.prototype, Function.prototype])
    found.push(...Object.keys(own), ...('polluted' in own ? ['polluted'] : []))
  return found
}
