import { companionCookie } from 'sojourn/companion'

import { asked, server } from '../servers.js'
import { authorizedFetch } from '../session.js'
import { readWho } from '../who.js'
import { leave } from './leaving.js'

const $ = (id) => document.getElementById(id)

/**
 * Ends that reach further than this browser: on all devices of the user, and at the provider.
 *
 * @param {import('sojourn').Session} session
 */
export function showDevices(session) {
  // For pages that get no push: the server removes this cookie when somebody signs out on another page of the domain.
  if (server.companion) companionCookie(session, server.companion)

  const show = () => {
    const isSignedOut = session.getSnapshot().phase === 'signedOut'
    for (const id of ['everywhere', 'at-provider']) $(id).disabled = isSignedOut
  }
  const report = (doing) => async () => {
    $('devices-result').textContent = ''
    $('devices-result').textContent = await doing().catch((error) => `Nobody was signed out: ${error.message}`)
  }
  const ok = (response) => {
    if (!response.ok) throw new Error(`the server answered ${response.status}.`)
    return response
  }

  const everywhere = async () => {
    ok(await authorizedFetch(server.everywhere, { method: 'POST', headers: asked }))
    await session.signOut()
    return 'All devices are signed out.'
  }
  const atProvider = async () => {
    const body = JSON.stringify({ name: readWho()?.name })
    const headers = { 'Content-Type': 'application/json' }
    const { ended } = await ok(await fetch('/demo/sign-out', { method: 'POST', headers, body })).json()
    return `The provider has ended ${ended === 1 ? 'one sign-in' : `${ended} sign-ins`}, and the pages are told.`
  }

  $('everywhere').addEventListener(
    'click',
    report(() => leave(everywhere)),
  )
  $('at-provider').addEventListener('click', report(atProvider))
  session.subscribe(show)
  show()
}
