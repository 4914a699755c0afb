import { createSession } from 'sojourn'

const session = createSession({ idleTimeout: '10m', warnBefore: '1m' })

window.idle = {
  start: () => session.signIn(),
  isOver: () => session.getSnapshot().phase === 'signedOut',
  stay: () => session.extend(),
}
