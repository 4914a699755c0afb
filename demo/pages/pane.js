/** Steps of the session that another tab has caused. */
const ELSEWHERE = ['storage', 'channel', 'adopted']

/**
 * A page on the desk tells it what its session does, and does what the desk asks for. The desk is of the same origin.
 *
 * @param {import('sojourn').Session} session
 * @param {{ use(): void }} actions
 */
export function joinDesk(session, { use }) {
  if (parent === window) return
  let last = ''
  session.inspect(({ cause, after, record }) => {
    const state = JSON.stringify([after.phase, record])
    if (last && last !== state) parent.postMessage({ isHeard: ELSEWHERE.includes(cause) }, location.origin)
    last = state
  })
  addEventListener('message', ({ source, data }) => {
    if (source === parent && data === 'use') use()
  })
}
