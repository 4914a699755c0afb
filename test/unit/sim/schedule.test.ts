import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { actNames, acts } from '../../sim/acts.js'
import { drawPlan, type PlanText } from '../../sim/plan.js'
import { printStep, readStep, type Step } from '../../sim/schedule.js'
import { USUAL } from '../../sim/traits.js'
import { printSpan, readSpan } from '../../sim/ways.js'

describe('the sentences of a schedule', () => {
  it('the sentences of a schedule name the time, the place and the act', () => {
    expect(printStep({ wait: 12_400, tab: 'tab 1', act: 'signInAs', way: 'bob' })).toBe(
      '12.4 s later, tab 1: sign in as bob',
    )
    expect(printStep({ wait: 0, tab: 'tab 1', act: 'clock', way: '+1 h' })).toBe('clock +1 h')
  })

  it('the sentences of a schedule are parsed back to each act in each of its ways', () => {
    for (const act of actNames)
      for (let how = 0; how < 1; how += 0.01) {
        const way = acts[act].draw(how, USUAL)
        const step: Step = { wait: 1, tab: acts[act].isInTab ? 'tab 2 again' : 'tab 1', act, way }
        expect(readStep(printStep(step))).toEqual(step)
      }
  })

  it('the sentences of a schedule are parsed back to all steps of drawn plans', () => {
    for (let seed = 0; seed < 50; seed++)
      for (const step of drawPlan(seed).steps) expect(readStep(printStep(step))).toEqual(step)
  })

  it('the sentences of a schedule are in failed.json as they are printed', () => {
    const failed = JSON.parse(readFileSync('test/sim/failed.json', 'utf8')) as PlanText[]
    for (const { steps } of failed) expect(steps.map((text) => printStep(readStep(text)))).toEqual(steps)
  })

  it.each(['tab 1: fly', 'sign in as ada', 'tab 1: clock +1 h', 'tab 1: sign in as nobody', 'soon, clock +1 h', ''])(
    'a text that is no sentence of a schedule is refused: %j',
    (text) => {
      expect(() => readStep(text)).toThrow('No step of a schedule')
    },
  )
})

describe('a length of time in words', () => {
  it.each([
    [0, '0 ms'],
    [20, '20 ms'],
    [1_001, '1.001 s'],
    [12_400, '12.4 s'],
    [60_000, '1 min'],
    [3_600_000, '1 h'],
    [5_400_000, '90 min'],
  ])('%d ms is %j, and is parsed again', (ms, text) => {
    expect(printSpan(ms)).toBe(text)
    expect(readSpan(text)).toBe(ms)
  })

  it('a length of time in words is exact for each whole number of milliseconds', () => {
    for (let ms = 0; ms < 1e7; ms += 997) expect(readSpan(printSpan(ms))).toBe(ms)
  })
})
