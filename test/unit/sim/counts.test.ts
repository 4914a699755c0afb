import { expect, it } from 'vitest'
import { addCounts, count, type Counts, FLOORS } from '../../sim/rule-names.js'

it('a check of a rule counts if no excuse applies', () => {
  const counts: Counts = {}
  expect(count(counts, 'I6: tabs agree', true, { 'it rains': false })).toBe(false)
  expect(counts).toEqual({ 'I6: tabs agree': { looked: 1, excused: {} } })
})

it('an excuse counts if it applies, and is needed if the rule would not have held', () => {
  const counts: Counts = {}
  expect(count(counts, 'I6: tabs agree', true, { 'it rains': true, 'it snows': false })).toBe(true)
  expect(count(counts, 'I6: tabs agree', false, { 'it rains': true, 'it snows': true })).toBe(true)
  expect(counts).toEqual({
    'I6: tabs agree': {
      looked: 0,
      excused: { 'it rains': { applied: 2, needed: 1 }, 'it snows': { applied: 1, needed: 1 } },
    },
  })
})

it('the counts of worlds add up', () => {
  const sum: Counts = {}
  for (const holds of [true, false]) {
    const counts: Counts = {}
    count(counts, 'I6: tabs agree', holds, { 'it rains': !holds })
    addCounts(sum, counts)
  }
  expect(sum).toEqual({ 'I6: tabs agree': { looked: 1, excused: { 'it rains': { applied: 1, needed: 1 } } } })
})

it('each rule has a floor, so that none stops being checked unnoticed', () => {
  expect(Object.entries(FLOORS).filter(([, floor]) => floor <= 0)).toEqual([])
})
