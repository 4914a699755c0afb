import './arrive.js'

import { warningDialog } from 'sojourn/dialog'
import { sessionInspector } from 'sojourn/inspector'

import { showActions } from './actions.js'
import { onChoice } from './choices.js'
import { onMachine } from './machine.js'
import { server } from './servers.js'
import { session } from './session.js'
import { beginSignIn, takeSignIn } from './sign-in.js'
import { showStay } from './stay.js'
import { writeWho } from './who.js'

const problem = document.getElementById('problem')

// As when a machine wakes: looked at before anything is shown anew.
onMachine(() => session.check())

// First the inspector: it hears everything from here on. An application has it where it is developed, and nowhere else.
sessionInspector(session, { container: document.getElementById('inspector') })
showActions(session)
warningDialog(session)
const stay = showStay(session)

// Options belong to `createSession`: another choice loads the page anew.
onChoice(() => location.reload())

document.getElementById('sign-in').addEventListener('click', () => {
  problem.textContent = ''
  beginSignIn().catch((error) => {
    problem.textContent = `The sign-in could not begin: ${error.message}`
  })
})

// A tab may hear of an end after the next sign-in, whose name it must not take away.
session.on('signedOut', () => session.getSnapshot().phase === 'signedOut' && writeWho(null))

const finishSignIn = takeSignIn()
if (finishSignIn) {
  stay.busy(true)
  try {
    const { tokens, name, signIn } = await finishSignIn()
    writeWho({ name, signIn })
    await session.signIn(tokens)
  } catch (error) {
    problem.textContent =
      error.error === 'access_denied' ? 'The sign-in was cancelled.' : `The sign-in failed: ${error.message}`
  } finally {
    stay.busy(false)
  }
}

// What a backend has signed in is safe to say on every page load: it makes a new `login` each time.
const who = await server.who?.().catch(() => null)
if (who) {
  writeWho(who)
  await session.signIn(undefined, { login: who.login })
}
