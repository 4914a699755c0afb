import { describe, expect, it } from 'vitest'
import { createSessionWith } from '../../../src/session/session.js'
import type { SessionOptions } from '../../../src/types.js'
import { createWorld } from './world.js'

const lengths: readonly unknown[] = [-1, NaN, -Infinity, '15', '15 m', '15min', 'soon', '', '-5m', '1e3s', true, {}, []]
const wrong: [option: string, value: unknown][] = [
  ...['idleTimeout', 'absoluteTimeout', 'warnBefore', 'refreshBefore', 'keepAliveEvery'].flatMap((option) =>
    lengths.map((value): [string, unknown] => [option, value]),
  ),
  ...['idleTimeout', 'absoluteTimeout'].flatMap((option): [string, unknown][] => [
    [option, 0],
    [option, '0s'],
    [option, Infinity],
    [option, null],
  ]),
  ...[false, Infinity].flatMap((value): [string, unknown][] => [
    ['warnBefore', value],
    ['refreshBefore', value],
    ['keepAliveEvery', value],
  ]),
  ['warnBefore', '16m'],
  ...['', 7, null, {}].map((value): [string, unknown] => ['name', value]),
  ...['yes', '', null, true].map((value): [string, unknown] => ['activityDuringWarning', value]),
  ...['hide', '', null, true].map((value): [string, unknown] => ['stalePage', value]),
  ...['https://id.example.com', 7, true].map((value): [string, unknown] => ['server', value]),
  ...['localStorage', 7, true, {}, [], { get: () => null }].map((value): [string, unknown] => ['tokenStore', value]),
]

describe('I12: an invalid option', () => {
  it.each(wrong)(
    'an invalid option is refused before any effect, and the error says what is right: %s = %j',
    (option, value) => {
      const world = createWorld()
      expect(() => world.tab({ [option]: value })).toThrow(
        expect.objectContaining({
          name: 'SessionError',
          code: 'invalid_options',
          message: expect.stringMatching(
            new RegExp(`^${option} is .+\\. Give .+\\. See .+#invalid_options$`),
          ) as string,
        }),
      )
      expect(world.storage.count).toEqual({ reads: 0, writes: 0 })
    },
  )

  it.each([null, '15m', 900_000, true])('an invalid options object is refused: %j', (options) => {
    expect(() => createSessionWith(createWorld().tab().ports, options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })

  it('a warning longer than the shorter timeout is refused', () => {
    const world = createWorld()
    expect(() => world.tab({ idleTimeout: '1m', warnBefore: '61s' })).toThrow(/warnBefore/)
    expect(() => world.tab({ absoluteTimeout: '1m', warnBefore: '61s' })).toThrow(/warnBefore/)
    expect(() => world.tab({ idleTimeout: '1m', warnBefore: '1m' })).not.toThrow()
  })
})

describe('a valid option', () => {
  it.each([
    [{ idleTimeout: 90_000 }, 90_000],
    [{ idleTimeout: '90s' }, 90_000],
    [{ idleTimeout: '1.5m' }, 90_000],
    [{ idleTimeout: '.5m' }, 30_000],
    [{ idleTimeout: '1500ms' }, 1500],
    [{ idleTimeout: '2h' }, 7_200_000],
    [{ idleTimeout: '30d', absoluteTimeout: false }, 2_592_000_000],
    [{ idleTimeout: false, absoluteTimeout: '8h' }, 28_800_000],
    [{}, 900_000],
  ] as [SessionOptions, number][])(
    'a length of time is a number of ms or has a unit: %j',
    async (options, expected) => {
      const world = createWorld()
      const tab = await world.signedIn(options)
      const { startedAt } = tab.session.getSnapshot() as { startedAt: number }
      expect(tab.session.deadlines()!.endAt - startedAt).toBe(expected)
    },
  )

  it('an option may be undefined', () => {
    const options = { idleTimeout: undefined, server: undefined, tokenStore: undefined, name: undefined }
    expect(() => createWorld().tab(options as never)).not.toThrow()
  })
})
