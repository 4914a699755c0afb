import type { Origin, Place } from './origin.js'

/** The features that work in a prerendered page, and those that wait until the user opens it. Run against Chromium and the fakes. */
export async function lookAtPrerendered(
  { until }: Pick<Origin, 'until'>,
  one: Pick<Place, 'post' | 'write' | 'received'>,
  ahead: Pick<Place, 'post' | 'write' | 'read' | 'received' | 'turns'> & {
    readonly requestLock: (wait: number) => Promise<void>
  },
  open: () => Promise<void>,
): Promise<unknown> {
  await one.write('by one')
  await until(ahead.read, 'by one')
  await one.post('by one')
  await until(async () => (await ahead.received()).at(-1), 'channel by one')
  await ahead.post('early')
  await ahead.requestLock(500)
  await ahead.requestLock(60_000)
  // The time limit of a waiting request expires all the same.
  await until(ahead.turns, ['timeout'])
  await ahead.write('by ahead')
  await until(async () => (await one.received()).at(-1), 'storage by ahead')
  const before = [await ahead.received(), await one.received(), await ahead.turns()]
  await open()
  await until(async () => (await one.received()).at(-1), 'channel early')
  await until(ahead.turns, ['timeout', 'granted'])
  return before
}

export const seenOfPrerendered = [['storage by one', 'channel by one'], ['storage by ahead'], ['timeout']]
