import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sessionData } from '../../src/data.js'
import { createSessionWith, createWorld } from '../../src/testing.js'

/** Names and keys that could be taken for parts of each other. */
const part = fc.oneof(
  fc.constantFrom('a', ':', '"', '\\\\', 'session', 'data', '1', ';', '\ud800', '1001767603600001session-0001'),
  fc.string({ maxLength: 4, unit: 'binary' }),
)
const text = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(''))
const name = text.filter((one) => one.length > 0)

describe('I18: data of two sessions', () => {
  it('are kept apart whatever the names of the sessions and the keys', async () => {
    const law = fc.asyncProperty(name, name, text, text, async (one, other, key, own) => {
      fc.pre(one !== other)
      const world = createWorld()
      const { ports } = world.page()
      const sessions = [one, other].map((each) => createSessionWith(ports, { name: each }))
      for (const session of sessions) await world.until(session.signIn())
      const [first, second] = sessions.map((session) => sessionData(session)) as [
        ReturnType<typeof sessionData>,
        ReturnType<typeof sessionData>,
      ]
      first.setItem(key, 'of the first')
      second.setItem(own, 'of the second')
      expect([first.getItem(own), second.getItem(key)]).toEqual(
        key === own ? ['of the first', 'of the second'] : [null, null],
      )
      await world.until(sessions[0]!.signOut())
      expect([first.getItem(key), second.getItem(own)]).toEqual([null, 'of the second'])
      expect([...world.storage.stored.values()]).not.toContain('of the first')
      await world.until(sessions[1]!.signOut())
      expect([...world.storage.stored.keys()].filter((each) => each.startsWith('sojourn-data:'))).toEqual([])
      for (const session of sessions) session.destroy()
    })
    await fc.assert(law, { numRuns: 300 })
  })
})
