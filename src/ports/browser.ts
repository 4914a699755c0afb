import { watchInput } from './input.js'
import { after, readClock } from './clock.js'
import { openRecordStore } from './record-store.js'
import { openChannel } from './channel.js'
import type { Ports } from './types.js'
import { report } from '../util/report.js'
import { onWake, page, prerendering } from './page-lifecycle.js'

/** The ports of a tab in a browser. They use globals only when they are called: an import has no side effects. */
export const browserPorts = (): Ports => ({
  hasPage: typeof document !== 'undefined',
  prerendering,
  clock: readClock,
  wallNow: () => Date.now(),
  after,
  random: Math.random,
  id: () =>
    crypto.getRandomValues(new Uint32Array(3)).reduce((id, part) => id + part.toString(36).padStart(7, '0'), ''),
  online: () => navigator.onLine,
  openRecordStore: openRecordStore,
  openChannel: openChannel,
  onWake,
  watchInput: watchInput,
  page,
  report,
  warn(message) {
    // eslint-disable-next-line no-console -- for the developer, once
    console.warn(message)
  },
})
