import { server } from './servers.js'
import { authorizedFetch } from './session.js'
import { secondsLeft } from './words.js'

const $ = (id) => document.getElementById(id)

/** What failed and why. The development build of the library says it in sentences. */
const reasonOf = ({ code, name, message }) => `${code ?? name}: ${message.replace(/ See https.*$/, '')}`

/**
 * The buttons, and what came of the last.
 *
 * @param {import('sojourn').Session} session
 * @returns {{ use(): void }} `use` asks the server as soon as the session may
 */
export function showActions(session) {
  let release = null
  /** When the session asks the server again after a failure. */
  let nextTry = 0
  let timer = 0

  const show = (text, isFailed = false) => {
    $('result').textContent = text
    $('result').classList.toggle('failed', isFailed)
  }
  const showFailure = (error) => {
    nextTry = error.retryAt ?? nextTry
    const wait = secondsLeft(nextTry - Date.now())
    const goesOn = session.getSnapshot().phase === 'signedOut' ? '' : ' The session goes on.'
    show(reasonOf(error) + goesOn + (wait > 0 ? ` Next try in ${wait} s.` : ''), true)
  }

  const setUpload = (on) => {
    if (on === (release !== null)) return
    if (on) release = session.hold()
    else {
      release()
      release = null
    }
    $('upload').setAttribute('aria-pressed', String(on))
  }

  /** Runs an action, and shows its result and how long it took. */
  const report = (action) => async () => {
    show('Under way …')
    const started = performance.now()
    const done = (text) => show(`${text} (${Math.round(performance.now() - started)} ms)`)
    await action().then(done, showFailure)
  }

  const call = async () => {
    const response = await authorizedFetch(server.resource)
    const body = await response.json()
    if (!response.ok) throw new Error(`${response.status} ${body.error}`)
    const what = body.tokenExpiresIn === undefined ? 'session' : 'token'
    return `${response.status} Hello ${body.name}, your ${what} is valid for another ${body.tokenExpiresIn ?? body.idleExpiresIn} s`
  }

  /** The token itself is not shown. */
  const refresh = async () => {
    await session.getAccessToken({ forceRefresh: true })
    return 'There are new tokens'
  }

  const ask = async () => ((await session.verify()) ? 'The session goes on' : 'The server has ended the session')

  /** A server that holds the session has no tokens to refresh. */
  const askServer = report(session.getAccessToken ? refresh : ask)

  const showGeneration = (value) => {
    $('generation').textContent = value ? String(value) : '–'
  }

  $('call').addEventListener('click', report(call))
  $('refresh').addEventListener('click', askServer)
  $('check').addEventListener(
    'click',
    report(async () => `The phase is ${session.check().phase}`),
  )
  $('stay-signed-in').addEventListener(
    'click',
    report(async () => ((await session.extend()) ? 'Prolonged' : 'Nothing was prolonged')),
  )
  $('leave').addEventListener('click', () => session.signOut())
  $('upload').addEventListener('click', () => setUpload(release === null))
  session.on('signedOut', () => setUpload(false))
  session.on('signedIn', () => show(''))
  session.on('refreshFailed', ({ error, retryAt }) => {
    nextTry = retryAt ?? 0
    showFailure(error)
  })
  session.inspect(({ after, record }) => showGeneration(after.phase === 'signedOut' ? 0 : record?.generation))
  session.on('refreshed', ({ generation }) => {
    nextTry = 0
    showGeneration(generation)
    if ($('result').classList.contains('failed')) show('It works again: there are new tokens')
  })

  return {
    use() {
      clearTimeout(timer)
      timer = setTimeout(() => session.getSnapshot().phase !== 'signedOut' && askServer(), nextTry - Date.now())
    },
  }
}
