import type { Origin, Place } from './origin.js'

/** The features that work in a prerendered page, and those that wait until the user opens it. Run against Chromium and the fakes. */
export async function lookAtPrerendered(
  { until }: Pick<Origin, 'until'>,
  one: Pick<Place, 'say' | 'write' | 'heard'>,
  ahead: Pick<Place, 'say' | 'write' | 'read' | 'heard' | 'turns'> & { readonly ask: (wait: number) => Promise<void> },
  open: () => Promise<void>,
): Promise<unknown> {
  await one.write('by one')
  await until(ahead.read, 'by one')
  await one.say('by one')
  await until(async () => (await ahead.heard()).at(-1), 'channel by one')
  await ahead.say('early')
  await ahead.ask(500)
  await ahead.ask(60_000)
  // The limit of a request that waits rings all the same.
  await until(ahead.turns, ['timeout'])
  await ahead.write('by ahead')
  await until(async () => (await one.heard()).at(-1), 'storage by ahead')
  const before = [await ahead.heard(), await one.heard(), await ahead.turns()]
  await open()
  await until(async () => (await one.heard()).at(-1), 'channel early')
  await until(ahead.turns, ['timeout', 'granted'])
  return before
}

export const seenOfPrerendered = [['storage by one', 'channel by one'], ['storage by ahead'], ['timeout']]
