import { describe, expect, it } from 'vitest'
import type { Config } from '../../../src/core/deadlines.js'
import { createRecord, type SharedRecord } from '../../../src/core/record.js'
import { eventsOf, snapshotOf, type Snapshot, type StepResult } from '../../../src/core/snapshot.js'

const T = 1_800_000_000_000
const config = { activityExtends: false } as Config

const record = (known: Partial<SharedRecord> = {}): SharedRecord =>
  createRecord({ id: 'session-a', seq: 4, startedAt: T, activeAt: T, serverAt: T, ...known })
const active: Snapshot = { phase: 'active', id: 'session-a', startedAt: T }
const warning: Snapshot = {
  ...active,
  ...{ phase: 'warning', endAt: T + 9e5, endsBy: 'idle', canExtend: true },
}

/** The events of a step in this tab that ended a warning. */
const ended = (after: Partial<SharedRecord>, step: Partial<StepResult> = {}): readonly unknown[] =>
  eventsOf({
    ...{ before: record(), after: record(after), previous: warning, found: warning, next: active },
    ...{ cause: 'timer', config, ...step },
  })

describe('the end of a warning', () => {
  it.each([
    ['a reply that is newer than the one before and the last activity', T + 1, T, 'server'],
    ['no newer reply, though the last one came after the last activity', T, T - 1, 'activity'],
    ['activity as new as the reply', T + 1, T + 1, 'activity'],
  ])('the end of a warning by %s is one event', (_by, serverAt, activeAt, by) => {
    expect(ended({ serverAt, activeAt })).toEqual([['extended', { by, where: 'here' }]])
  })

  it('the end of a warning is by the user if extend() was called, or if another tab ended it', () => {
    const byUser = ended({}, { cause: 'extend' })
    expect(byUser).toEqual([['extended', { by: 'user', where: 'here' }]])
    const elsewhere = { cause: 'storage', found: active }
    expect(ended({}, elsewhere)).toEqual([['extended', { by: 'user', where: 'elsewhere' }]])
    expect(ended({}, { ...elsewhere, config: { ...config, activityExtends: true } })).toEqual([
      ['extended', { by: 'activity', where: 'elsewhere' }],
    ])
  })

  it('a warning that goes on causes no event', () => {
    expect(ended({}, { next: warning })).toEqual([])
  })
})

describe('the snapshot of a session that is over', () => {
  it('says by this device’s clock when it ended, also after that was set back', () => {
    const over = record({ skew: 36e5, endedAt: T + 36e5, reason: 'idle' })
    expect(snapshotOf(over, config, T + 72e5)).toEqual({ phase: 'signedOut', reason: 'idle', endedAt: T })
  })
})
