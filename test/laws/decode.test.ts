import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRecord,
  decode as decodeAt,
  encode,
  encodeEnd,
  isLive,
  merge,
  type SharedRecord,
} from '../../src/core/record.js'
import { anyRecord, canonical, known, NOW } from './arbitrary.js'

const decode = (text: unknown): SharedRecord | null => decodeAt(text, NOW)

/** What another tab reads of a record: two texts, one for its end. */
const reread = (record: SharedRecord): SharedRecord | null =>
  merge(decode(encode(record)), isLive(record) ? null : decode(encodeEnd(record)))

const KEYS = Object.keys(known) as (keyof SharedRecord)[]
const POISON: readonly string[] = [
  ...['1e999', '-1e999', '-1', '-0.5', '9e15', '1e308', '864e13', 'null', 'true', '"1"', '""', '[]', '[1]', '{}'],
  ...['{"toString":1}', '{"valueOf":1}', '{"__proto__":1}', '"__proto__"', '"\\u0000"', `"${'x'.repeat(3000)}"`],
]
/** A sound record's text in which one field is something else. */
const poisoned = (key: string, value: string): string => {
  const others = Object.entries(JSON.parse(encode(known)) as object).filter(([name]) => name !== key)
  const fields = [...others.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`), `"${key}":${value}`]
  return `{${fields.join(',')}}`
}

describe('the texts of a record', () => {
  it('the texts of a record return the record to the tab that reads them', () => {
    const law = fc.property(anyRecord, (record) => {
      // A reason says nothing before the end, and a record needs a start.
      const written = isLive(record) ? { ...record, reason: '' } : record
      expect(canonical(reread(written))).toBe(canonical(written))
    })
    fc.assert(law, { numRuns: 1000 })
  })

  it('the texts of a record return fields of a newer version as they were read', () => {
    const text = poisoned('v2', '{"deep":[1,{"ü":null}],"n":0.1}')
    expect(JSON.parse(encode(decode(text)!))).toEqual(JSON.parse(text))
  })

  it('the texts of a record hold an instant up to the last that a Date can hold, and none beyond', () => {
    const told = (tokenExpiresAt: number): unknown =>
      decode(encode(createRecord({ ...known, tokenExpiresAt })))?.tokenExpiresAt
    expect(told(864e13)).toBe(864e13)
    expect(told(864e13 + 1)).toBe(Infinity)
  })

  it('the texts of a record are short, also in full use', () => {
    const full: SharedRecord = Object.fromEntries(
      KEYS.map((key) => [key, typeof known[key] === 'number' ? NOW - 12_345 : 'abcdefgabcdefgabcdefg']),
    ) as never
    const counts = { generation: 123, failures: 9, skew: 3_600_000, unstored: 1 }
    const limits = { idleTimeout: 900_000, absoluteTimeout: 43_200_000 }
    const used = { ...full, ...counts, ...limits, login: 'abcdefgabcdefg', companion: 'abcdefgabcdefg' }
    expect(encode(used).length).toBe(693)
    expect(encodeEnd({ ...used, reason: 'absolute' }).length).toBe(135)
  })

  it('the texts of a record hold the end and when the session began in the tombstone, so that every later version obeys it', () => {
    const ended = { ...known, endedAt: NOW, reason: 'signOut' }
    const { id, seq, startedAt } = known
    expect(JSON.parse(encodeEnd(ended))).toEqual({ id, seq, startedAt, endedAt: NOW, reason: 'signOut' })
    expect(encode(ended)).toBe(encode(known))
    expect(merge(known, decode(encodeEnd(ended)))).toEqual(ended)
  })

  it('the texts of a record leave out default values', () => {
    expect(JSON.parse(encode(known))).toEqual({
      id: known.id,
      seq: 1,
      startedAt: known.startedAt,
      activeAt: known.activeAt,
    })
  })
})

describe('I12: malformed input', () => {
  it('malformed input never throws, and never gives a record that no tab would have written', () => {
    const newer = fc.jsonValue().map((value) => poisoned('x', JSON.stringify(value)))
    const text = fc.oneof(fc.string(), fc.json(), newer)
    fc.assert(
      fc.property(text, (one) => sound(decode(one))),
      { numRuns: 1000 },
    )
    const isRead = fc.property(newer, (one) => {
      expect(decode(one)).not.toBeNull()
    })
    fc.assert(isRead)
  })

  it.each([undefined, null, 7, true, Symbol('x'), {}, [], () => 1, new Date(), 10n])(
    'malformed input that is no string is absent',
    (value) => {
      expect(decode(value)).toBeNull()
    },
  )

  it('malformed input with a field of another type is absent', () => {
    const kinds = fc.property(fc.constantFrom(...KEYS), fc.jsonValue(), (key, value) => {
      const decoded = decode(poisoned(key, JSON.stringify(value)))
      if (typeof value !== typeof known[key]) expect(decoded).toBeNull()
      sound(decoded)
    })
    fc.assert(kinds, { numRuns: 2000 })
  })

  it.each(KEYS)('malformed input is absent or harmless in %s', (key) => {
    for (const value of POISON)
      for (const one of [value, `"1000000 ${value}"`, `"${value} 8998200000000000"`]) harmless(poisoned(key, one))
  })

  it.each(['__proto__', 'constructor', 'toString', 'valueOf', 'toJSON', 'hasOwnProperty'])(
    'malformed input is absent or harmless in a field named %s',
    (key) => {
      for (const value of POISON) harmless(poisoned(key, value))
    },
  )

  it.each(['seq', 'skew', 'generation', 'failures'])(
    'malformed input with the last of all instants for %s is absent',
    (key) => {
      expect(decode(poisoned('activeAt', '864e13'))).not.toBeNull()
      expect(decode(poisoned(key, '864e13'))).toBeNull()
    },
  )

  it.each(['', 'a', 'short', 'x'.repeat(65), 'has space', 'sémion-abc', '<script>1', '../../../etc', 'session-a\n'])(
    'malformed input with an id that no tab generates is absent: %j',
    (id) => {
      expect(decode(JSON.stringify({ ...JSON.parse(encode(known)), id }))).toBeNull()
    },
  )

  it('malformed input of great length is absent, even if it is valid', () => {
    expect(decode(poisoned('v2', `"${'x'.repeat(1500)}"`))).not.toBeNull()
    expect(decode(poisoned('v2', `"${'x'.repeat(2000)}"`))).toBeNull()
    expect(decode(`{"id":"session-a","startedAt":1,"v2":${'['.repeat(9e5)}${']'.repeat(9e5)}}`)).toBeNull()
  })

  it('malformed input without a start and an end is absent', () => {
    expect(decode('{"id":"session-a","seq":3,"activeAt":5}')).toBeNull()
    expect(decode('{"id":"session-a","seq":3,"activeAt":5,"startedAt":1e999,"endedAt":1e999}')).toBeNull()
  })
})

function harmless(text: string): void {
  const decoded = decode(text)
  sound(decoded)
  const merged = merge(known, decoded)
  sound(merged)
  expect(canonical(merged)).toBe(canonical(merge(decoded, known)))
  expect(encode(merged!)).not.toBe('')
}

/** What a tab may hold: every known field of its kind, instants that a Date can hold. */
function sound(record: SharedRecord | null): void {
  if (!record) return
  expect(record.id).toMatch(/^[\w-]{8,64}$/)
  for (const key of KEYS) {
    const value = record[key]
    expect(typeof value).toBe(typeof known[key])
    if (typeof value === 'number') expect(value >= 0 && (value <= 864e13 || value === known[key])).toBe(true)
  }
}
