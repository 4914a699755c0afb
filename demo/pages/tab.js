import './arrive.js'

import { warningDialog } from 'sojourn/dialog'
import { sessionInspector } from 'sojourn/inspector'

import { showActions } from './actions.js'
import { onChoice } from './choices.js'
import { showCode } from './code.js'
import { onMachine } from './machine.js'
import { joinDesk } from './pane.js'
import { showCall } from './parts/call.js'
import { showCart } from './parts/cart.js'
import { showDevices } from './parts/devices.js'
import { showFeed } from './parts/feed.js'
import { showJournal } from './parts/journal.js'
import { server } from './servers.js'
import { session } from './session.js'
import { beginSignIn, finishSignIn, isBack } from './sign-in.js'
import { showStay } from './stay.js'
import { writeWho } from './who.js'

const problem = document.getElementById('problem')

// As after a wake-up of the machine: the session is checked before anything is shown.
onMachine(() => session.check())

// The inspector comes first, so that it misses no step. An application has one during development only.
sessionInspector(session, { container: document.getElementById('inspector') })
joinDesk(session, showActions(session))
showCode(session)
warningDialog(session)
const stay = showStay(session)

// What belongs to the session.
showJournal(session)
showFeed(session, { onCart: showCart(session).reload })
showCall(session)
showDevices(session)

// Options are given to `createSession`: after another choice the page reloads.
onChoice(() => location.reload())

document.getElementById('sign-in').addEventListener('click', () => {
  problem.textContent = ''
  beginSignIn().catch((error) => {
    problem.textContent = `The sign-in could not begin: ${error.message}`
  })
})

// A tab may learn of an end after the next sign-in: then the stored name belongs to that and must stay.
session.on('signedOut', () => session.getSnapshot().phase === 'signedOut' && writeWho(null))

stay.busy(isBack)
try {
  const user = await finishSignIn(session)
  if (user) writeWho(user)
} catch (error) {
  problem.textContent =
    error.cause === 'access_denied' ? 'The sign-in was cancelled.' : `The sign-in failed: ${error.message}`
} finally {
  stay.busy(false)
}

// `signIn` is safe on every page load, because the backend makes a new `login` for each sign-in.
const who = await server.who?.().catch(() => null)
if (who) {
  writeWho(who)
  await session.signIn(undefined, { login: who.login })
}
