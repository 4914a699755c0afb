import { server } from './servers.js'
import { authorizedFetch } from './session.js'

const $ = (id) => document.getElementById(id)

/**
 * The buttons.
 *
 * @param {import('sojourn').Session} session
 */
export function showActions(session) {
  let release = null

  const setHold = (on) => {
    if (on === (release !== null)) return
    if (on) release = session.hold()
    else {
      release()
      release = null
    }
    $('hold').setAttribute('aria-pressed', String(on))
  }

  /** Runs an action, and shows its result and how long it took. */
  const report = (action) => async () => {
    $('result').textContent = '…'
    const started = performance.now()
    const text = await action().catch((error) => `${error.code ?? error.name}: ${error.message}`)
    $('result').textContent = `${text} (${Math.round(performance.now() - started)} ms)`
  }

  const call = async () => {
    const response = await authorizedFetch(server.resource)
    const body = await response.json()
    if (!response.ok) return `${response.status} ${body.error}`
    const what = body.tokenExpiresIn === undefined ? 'session' : 'token'
    return `${response.status} Hello ${body.name}, your ${what} lives for another ${body.tokenExpiresIn ?? body.idleExpiresIn} s`
  }

  /** The token itself is not shown. */
  const refresh = async () => {
    await session.getAccessToken({ forceRefresh: true })
    return 'New tokens are there'
  }

  const showGeneration = (value) => {
    $('generation').textContent = value ? String(value) : '–'
  }

  $('call').addEventListener('click', report(call))
  $('refresh').addEventListener('click', report(refresh))
  $('check').addEventListener(
    'click',
    report(async () => `The phase is ${session.check().phase}`),
  )
  $('stay-signed-in').addEventListener(
    'click',
    report(async () => ((await session.extend()) ? 'Prolonged' : 'Nothing was prolonged')),
  )
  $('leave').addEventListener('click', () => session.signOut())
  $('hold').addEventListener('click', () => setHold(release === null))
  session.on('signedOut', () => setHold(false))
  session.inspect(({ after, record }) => showGeneration(after.phase === 'signedOut' ? 0 : record?.generation))
  session.on('refreshed', ({ generation }) => showGeneration(generation))
}
