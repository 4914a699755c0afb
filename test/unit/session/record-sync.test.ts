import { expect, it, vi } from 'vitest'
import { createRecord, encodeEnd } from '../../../src/core/record.js'
import type { RecordStore, Texts } from '../../../src/ports/types.js'
import { createRecordSync } from '../../../src/session/record-sync.js'
import { START } from '../../../src/testing/time.js'

it('a tab that keeps its own clock does not take back, on a full disk, what another has seen of a change', () => {
  const ended = createRecord({
    id: 'session-1',
    seq: START,
    startedAt: START,
    activeAt: START,
    endedAt: START + 9e5,
    reason: 'idle',
  })
  const found: Texts = { record: '', end: encodeEnd({ ...ended, skew: 3e3 }) }
  const write = vi.fn<RecordStore['write']>(() => false)
  const sync = createRecordSync(
    { read: () => found, write },
    () => undefined,
    () => START + 9e5,
    true,
    () => undefined,
  )
  sync.read()
  sync.publish(ended, 'storage')
  expect(write.mock.calls.map(([{ end }]) => end)).toEqual([found.end])
})
