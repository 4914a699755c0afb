import type { Undo } from '../ports/types.js'
import type { Cause } from './causes.js'
import type { Parts } from './parts.js'
import type { Loop } from './loop.js'

/** Signs that time may have passed, but not that somebody comes back. */
const LEAVING: readonly Cause[] = ['hidden', 'blur']

/**
 * Reads the record, shows the phase in the same task, and follows the page from then on. `canQuery`: whether messages can be posted to
 * other tabs.
 */
export function followPage(
  { ports, config, post, sync, activity, active, hooks }: Parts,
  loop: Loop,
  canQuery: boolean,
): Undo {
  sync.read()
  if (!sync.isAvailable() && canQuery) {
    loop.query()
    if (!loop.isPrerendered()) post({})
  }
  let idAtPagehide = ''
  const stop = ports.onWake((hint, isRestored) => {
    const cause = hint as Cause
    if (cause === 'pagehide') {
      idAtPagehide = active.id()
      return
    }
    let isBack = isRestored
    // A page that is opened after it was rendered may be as stale as one that comes back.
    if (loop.isPrerendered() && !ports.prerendering()) {
      isBack = true
      idAtPagehide = active.id()
      loop.open()
    }
    if (isBack || cause === 'resume') activity.thawed()
    if (!LEAVING.includes(cause)) for (const hook of hooks) hook.wake?.(cause)
    loop.step(cause)
    if (isBack) loop.resolveOpened()
    // In the same task, before anything is painted.
    if (isBack && idAtPagehide && idAtPagehide !== active.id() && config.reloadsStalePage) {
      ports.page.hide()
      ports.page.reload()
    }
    // Messages that were posted while the page was away are lost, and stand nowhere else.
    if (isBack && !sync.isAvailable()) post({})
  })
  loop.step('start')
  return stop
}
