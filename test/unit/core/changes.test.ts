import { describe, expect, it } from 'vitest'
import { createRecord, type SharedRecord } from '../../../src/core/record.js'
import {
  activity,
  serverReply,
  begin,
  ending,
  extension,
  failure,
  reduce,
  settle,
  type Change,
  type State,
} from '../../../src/core/changes.js'
import { adopt } from '../../../src/core/adopt.js'
import { sharedNow, type Clock } from '../../../src/core/clock.js'
import { activeWarning, type Config } from '../../../src/core/deadlines.js'

const SECOND = 1e3
const MINUTE = 6e4
const HOUR = 36e5
const T = 1_800_000_000_000

const policy: Config = {
  idleTimeout: 15 * MINUTE,
  absoluteTimeout: 12 * HOUR,
  warnBefore: 2 * MINUTE,
  refreshBefore: MINUTE,
  keepAliveEvery: 5 * MINUTE,
  requestTimeout: 10 * SECOND,
  activityExtends: false,
  reloadsStalePage: true,
  sharesTokens: true,
  canRefresh: true,
  canKeepAlive: true,
  canCheck: true,
}
const extending = { ...policy, activityExtends: true }
const at = (ms: number): Clock => ({ wall: T + ms, mono: 5e6 + ms })
const anchor = { shared: T, mono: 5e6 }
const active = createRecord({ id: 'session-a', seq: 4, startedAt: T, activeAt: T, toldAt: T })
const live: State = { record: active, anchor }
const nobody: State = { record: null, anchor }

/** What a person would call the state: its phase, and why it ended. */
const phase = ({ record }: State, clock: Clock, by: Config = policy): string => {
  const settled = settle(record, by, sharedNow(record, clock))
  if (!settled) return 'signed out'
  if (settled.endedAt < Infinity) return `signed out: ${settled.reason}`
  const warned = activeWarning(settled, by, sharedNow(settled, clock))
  return warned ? `warning: ${warned.by}` : 'active'
}

const WARNED = 14 * MINUTE
const OVER = 15 * MINUTE
const LAST = 12 * HOUR - MINUTE
/** Signed in for almost as long as anybody may be, and busy. */
const busy: State = { record: { ...active, activeAt: T + LAST - SECOND }, anchor }

interface Row {
  readonly state: State
  readonly ms: number
  readonly is: string
  readonly change: Change | null
  readonly becomes: string
  readonly by?: Config
}
const happens: Record<string, Row> = {
  'nothing, while there is time': { state: live, ms: MINUTE, is: 'active', change: null, becomes: 'active' },
  'activity while active': { state: live, ms: MINUTE, is: 'active', change: activity(policy), becomes: 'active' },
  'activity while warned': {
    state: live,
    ms: WARNED,
    is: 'warning: idle',
    change: activity(policy),
    becomes: 'warning: idle',
  },
  'activity while warned, where it extends': {
    state: live,
    ms: WARNED,
    is: 'warning: idle',
    change: activity(extending),
    becomes: 'active',
    by: extending,
  },
  'an answer to the warning': { state: live, ms: WARNED, is: 'warning: idle', change: extension, becomes: 'active' },
  'an answer to a warning of the absolute end': {
    state: busy,
    ms: LAST,
    is: 'warning: absolute',
    change: extension,
    becomes: 'warning: absolute',
  },
  'activity at the deadline': {
    state: live,
    ms: OVER,
    is: 'signed out: idle',
    change: activity(policy),
    becomes: 'signed out: idle',
  },
  'an answer past the deadline': {
    state: live,
    ms: OVER + HOUR,
    is: 'signed out: idle',
    change: extension,
    becomes: 'signed out: idle',
  },
  'a sign-out while active': {
    state: live,
    ms: 0,
    is: 'active',
    change: ending('signOut'),
    becomes: 'signed out: signOut',
  },
  'a sign-out while warned': {
    state: live,
    ms: WARNED,
    is: 'warning: idle',
    change: ending('signOut'),
    becomes: 'signed out: signOut',
  },
  'a sign-out past the deadline': {
    state: live,
    ms: OVER,
    is: 'signed out: idle',
    change: ending('signOut'),
    becomes: 'signed out: idle',
  },
  'a refusal by the server': {
    state: live,
    ms: MINUTE,
    is: 'active',
    change: ending('rejected'),
    becomes: 'signed out: rejected',
  },
  'a record that vanished': {
    state: live,
    ms: MINUTE,
    is: 'active',
    change: ending('wiped'),
    becomes: 'signed out: wiped',
  },
  'a failed refresh': { state: live, ms: MINUTE, is: 'active', change: failure(T + HOUR), becomes: 'active' },
  'the absolute end of a busy user': {
    state: busy,
    ms: 12 * HOUR,
    is: 'signed out: absolute',
    change: activity(policy),
    becomes: 'signed out: absolute',
  },
  'a server that says that nothing is left': {
    state: live,
    ms: MINUTE,
    is: 'active',
    change: serverReply(policy, T + MINUTE, false, 0),
    becomes: 'signed out: idle',
  },
  'a server that says that the absolute end is near': {
    state: live,
    ms: MINUTE,
    is: 'active',
    change: serverReply(policy, T + MINUTE, false, undefined, MINUTE),
    becomes: 'warning: server',
  },
  'a server that saw activity elsewhere': {
    state: live,
    ms: WARNED,
    is: 'warning: idle',
    change: serverReply(policy, T + WARNED, false, 14 * MINUTE),
    becomes: 'active',
  },
  'anything where nobody is signed in': {
    state: nobody,
    ms: 0,
    is: 'signed out',
    change: extension,
    becomes: 'signed out',
  },
}

describe('what happens', () => {
  it.each(Object.entries(happens))('%s', (_name, { state, ms, is, change, becomes, by = policy }) => {
    expect(phase(state, at(ms), by)).toBe(is)
    const next = reduce(state, change, at(ms), by)
    expect(phase(next, at(ms), by)).toBe(becomes)
    // What has happened has happened: looking again changes nothing.
    expect(reduce(next, null, at(ms), by)).toEqual(next)
  })

  it.each(Object.entries(happens))(
    'a change leaves the record that it was given as it was: %s',
    (_name, { state, ms, change, by = policy }) => {
      const before = structuredClone(state)
      reduce(state, change, at(ms), by)
      expect(state).toEqual(before)
    },
  )
})

describe('activity', () => {
  it('activity counts from when it happened', () => {
    const seen = (...when: [number?]): number =>
      reduce(live, activity(policy), at(MINUTE), policy, ...when).record!.activeAt
    expect(seen()).toBe(T + MINUTE)
    expect(seen(T + 30 * SECOND)).toBe(T + 30 * SECOND)
  })

  it('I3: activity before the warning, or the deadline, counts however late it is read', () => {
    for (const late of [WARNED, LAST, OVER, OVER + MINUTE]) {
      const next = reduce(live, activity(policy), at(late), policy, T + 10 * MINUTE)
      expect(next.record!.activeAt).toBe(T + 10 * MINUTE)
      expect(phase(next, at(OVER + 9 * MINUTE), policy)).toBe('warning: idle')
    }
  })

  it('I1: activity past the deadline does not count, even if it is read for an earlier time', () => {
    const next = reduce(live, activity(policy), at(OVER + HOUR), policy, T + OVER)
    expect(next.record).toMatchObject({ endedAt: T + OVER, reason: 'idle', activeAt: live.record!.activeAt })
  })

  it('activity that is older than the last known one changes nothing', () => {
    const later = reduce(live, activity(policy), at(MINUTE), policy)
    expect(reduce(later, activity(policy), at(2 * MINUTE), policy, T).record).toEqual(later.record)
  })
})

describe('a failed refresh', () => {
  it('a failed refresh sets a back-off of at most an hour, and counts failures', () => {
    const failed = reduce(live, failure(T + 9 * HOUR), at(0), policy)
    expect(failed.record).toMatchObject({ failures: 1, retryAt: T + HOUR })
    expect(reduce(failed, failure(T + SECOND), at(SECOND), policy).record).toMatchObject({
      failures: 2,
      retryAt: T + HOUR,
    })
  })

  it('a failed refresh is forgotten when the tokens are newer', () => {
    const failed = reduce(live, failure(T + MINUTE), at(0), policy)
    const refreshed = reduce(failed, () => ({ generation: 1, tokenAt: T + 1, tokenExpiresAt: T + HOUR }), at(1), policy)
    expect(refreshed.record).toMatchObject({ generation: 1, failures: 0, retryAt: 0, tokenExpiresAt: T + HOUR })
  })
})

describe('a reply of the server', () => {
  const said = (...word: Parameters<typeof serverReply> extends [Config, ...infer Rest] ? Rest : never): SharedRecord =>
    reduce(live, serverReply(policy, ...word), at(WARNED), policy).record!

  it('a server reply with more idle time than known is activity elsewhere, before the request', () => {
    expect(said(T + WARNED, false, 10 * MINUTE).activeAt).toBe(T + 9 * MINUTE)
    expect(said(T + WARNED, false, 15 * MINUTE).activeAt).toBe(T + WARNED - 1)
    // Its time is longer than ours from the start: nothing can be learned from that.
    expect(said(T + WARNED, false, 99 * MINUTE).activeAt).toBe(T)
  })

  it('a server reply with the same idle end is no activity, and one with a later end is activity', () => {
    const first = reduce(live, serverReply(policy, T + 5 * MINUTE, false, 25 * MINUTE), at(5 * MINUTE), policy)
    const same = reduce(first, serverReply(policy, T + 12 * MINUTE, false, 18 * MINUTE), at(12 * MINUTE), policy)
    expect(same.record!.activeAt).toBe(T)
    // At the latest 2 minutes after it was first asked, for its end is 2 minutes later now.
    const later = reduce(first, serverReply(policy, T + 12 * MINUTE, false, 20 * MINUTE), at(12 * MINUTE), policy)
    expect(later.record!.activeAt).toBe(T + 7 * MINUTE)
    expect(later.record!.toldAt).toBe(later.record!.activeAt)
  })

  it('I16: a server reply about activity that this tab sent is no activity', () => {
    expect(said(T + WARNED, true, 15 * MINUTE).activeAt).toBe(T)
    const told = { record: { ...active, toldAt: T + 10 * MINUTE, activeAt: T + 9 * MINUTE }, anchor }
    const heard = reduce(told, serverReply(policy, T + WARNED, false, 11 * MINUTE), at(WARNED), policy)
    expect(heard.record!.activeAt).toBe(T + 9 * MINUTE)
  })

  it('a server reply counts until the next one, and an older one does not displace a newer one', () => {
    const newer = reduce(live, serverReply(policy, T + 2 * MINUTE, false, undefined, HOUR), at(2 * MINUTE), policy)
    expect(newer.record!.serverAbsoluteEndsAt).toBe(T + 2 * MINUTE + HOUR)
    const older = reduce(newer, serverReply(policy, T + MINUTE, false, undefined, 9 * HOUR), at(3 * MINUTE), policy)
    expect(older.record!.serverAbsoluteEndsAt).toBe(T + 2 * MINUTE + HOUR)
    const silent = reduce(newer, serverReply(policy, T + 3 * MINUTE, false), at(3 * MINUTE), policy)
    expect(silent.record!.serverAbsoluteEndsAt).toBe(T + 2 * MINUTE + HOUR)
  })

  it('a server reply with an idle end counts until the next one, or until activity is sent', () => {
    const first = reduce(live, serverReply(policy, T + MINUTE, false, 5 * MINUTE), at(MINUTE), policy)
    const then = (told: boolean): number =>
      reduce(first, serverReply(policy, T + 2 * MINUTE, told), at(2 * MINUTE), policy).record!.serverIdleEndsAt
    expect(then(false)).toBe(T + 6 * MINUTE)
    expect(then(true)).toBe(Infinity)
  })
})

describe('a sign-in', () => {
  it('a sign-in replaces any session, with its time or the next number as `seq`, whichever is higher', () => {
    const ended = { ...active, endedAt: T, reason: 'signOut' }
    const ahead = { ...active, seq: T + 9 * MINUTE }
    for (const record of [null, active, ended, ahead]) {
      const { record: next } = begin({ record, anchor }, { id: 'session-b', login: 'hash' }, at(MINUTE))
      expect(next).toEqual(
        createRecord({
          id: 'session-b',
          seq: record === ahead ? T + 9 * MINUTE + 1 : T + MINUTE,
          startedAt: T + MINUTE,
          activeAt: T + MINUTE,
          toldAt: T + MINUTE,
          login: 'hash',
        }),
      )
    }
  })
})

describe('shared time', () => {
  const back = (ms: number, by: number): Clock => ({ wall: T + ms - by, mono: 5e6 + ms })

  it('shared time is as it was if both clocks agree, to within a second', () => {
    for (const off of [0, 400, -400, 999, -999])
      expect(adopt(live, null, { wall: T + MINUTE + off, mono: 5e6 + MINUTE })).toEqual(live)
  })

  it('shared time goes on when the wall clock is set back: it is raised by the difference, once', () => {
    const once = adopt(live, null, back(MINUTE, HOUR))
    expect(once.record!.skew).toBe(HOUR)
    expect(adopt(once, null, back(2 * MINUTE, HOUR)).record!.skew).toBe(HOUR)
    expect(phase(once, back(OVER, HOUR))).toBe('signed out: idle')
  })

  it('shared time is raised once if two tabs notice it, in whichever order they learn of each other', () => {
    const one = adopt(live, null, back(MINUTE, HOUR))
    const two = adopt(live, one.record, back(MINUTE + 5, HOUR))
    expect(two.record!.skew).toBe(HOUR)
    const both = adopt(one, adopt(live, null, back(MINUTE + 5, HOUR)).record, back(MINUTE + 9, HOUR))
    expect(both.record!.skew).toBe(HOUR)
  })

  it('shared time is raised in all tabs by what one of them notices first, if a clock is slewed', () => {
    // When this one opens, half of it is lost.
    const two = adopt(nobody, active, back(30 * SECOND, 600))
    const one = adopt(live, null, back(MINUTE, 1200))
    expect(one.record!.skew).toBe(1200)
    expect(adopt(two, one.record, back(MINUTE + 5, 1200)).record!.skew).toBe(1200)
  })

  it('shared time is not raised by a tab that the new time reaches first, nor at a second set back', () => {
    for (const before of [0, HOUR]) {
      const known = { record: { ...active, skew: before }, anchor }
      const heard = { ...active, activeAt: T + MINUTE, skew: before + HOUR }
      expect(adopt(known, heard, back(MINUTE, before)).record!.skew).toBe(before)
    }
  })

  it('shared time does not ratchet: with a slewed clock it is raised by the lost time, and no more', () => {
    let state = live
    for (let i = 1; i <= 100; i++) state = adopt(state, null, back(i * MINUTE, i * 100))
    expect(state.record!.skew).toBe(9900)
  })

  it('shared time is met once by a tab that opens with a record that is ahead of it', () => {
    const fresh = adopt(nobody, active, back(0, HOUR))
    expect(fresh.record!.skew).toBe(HOUR)
    expect(phase(fresh, back(0, HOUR))).toBe('active')
    expect(adopt(fresh, fresh.record, back(MINUTE, HOUR)).record!.skew).toBe(HOUR)
  })

  it('shared time is met by a tab that knew another session before', () => {
    const next = createRecord({ ...active, id: 'session-b', seq: 5, activeAt: T + HOUR })
    expect(adopt(live, next, at(0))).toEqual({
      record: { ...next, skew: HOUR },
      anchor: { shared: T + HOUR, mono: 5e6, isSkewGuessed: true },
    })
  })

  it('shared time is not met for a record that has ended', () => {
    const ended = { ...active, endedAt: T, reason: 'signOut' }
    expect(adopt(nobody, ended, back(0, HOUR)).record).toMatchObject({ endedAt: T, reason: 'signOut', skew: 0 })
  })

  it('shared time passes a deadline with a clock that jumps forward, as after sleep', () => {
    const slept = adopt(live, null, { wall: T + HOUR, mono: 5e6 + 1 })
    expect(phase(slept, { wall: T + HOUR, mono: 5e6 + 1 })).toBe('signed out: idle')
  })
})
