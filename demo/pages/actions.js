import { createNextTry } from './next-try.js'
import { server } from './servers.js'
import { authorizedFetch } from './session.js'

const $ = (id) => document.getElementById(id)

/** What failed and why: the first of the sentences that the development build of the library says. */
const reasonOf = ({ code, name, message }) => `${code ?? name}: ${/^.*?[.?!](?= |$)|.*/.exec(message)[0]}`

/**
 * The buttons, and what came of the last.
 *
 * @param {import('sojourn').Session} session
 * @returns {{ use(): void }} `use` asks the server as soon as the session may
 */
export function showActions(session) {
  let release = null
  /** Of the last call of a session by cookie, where it failed. */
  let failure = null

  const isFailed = () => $('answer').classList.contains('failed')
  const show = (text, failed = false) => {
    // A text that stays the same is not announced again.
    if ($('result').textContent !== text) $('result').textContent = text
    $('answer').classList.toggle('failed', failed)
    $('answer').hidden = text === ''
    if (!failed) nextTry.clear()
  }
  const showFailure = (error) => {
    const isOver = session.getSnapshot().phase === 'signedOut'
    show(reasonOf(error) + (isOver ? '' : ' The session goes on.'), true)
    if (isOver) nextTry.clear()
    else if (error.retryAt) nextTry.set(error.retryAt)
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

  /** Runs an action, and shows its result and how long it took. A failure stays in sight until its repetition has a result. */
  const report = (action) => async () => {
    if (!isFailed()) show('Under way …')
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

  /** A session by cookie repeats a call that failed by itself; `verify` and `extend` say no reason. */
  const unlessFailed = (text) => {
    if (failure) throw failure
    return text
  }
  const ask = async () =>
    (await session.verify()) ? unlessFailed('The session goes on') : 'The server has ended the session'
  const extend = async () => ((await session.extend()) ? 'Prolonged' : unlessFailed('Nothing was prolonged'))

  /** A server that holds the session has no tokens to refresh. */
  const askServer = report(session.getAccessToken ? refresh : ask)
  const askAgain = () => session.getSnapshot().phase !== 'signedOut' && askServer()
  // The session refreshes by itself only when a token is about to expire. What this page has asked for, this page repeats.
  const nextTry = createNextTry($('next-try'), () => session.getAccessToken && askAgain())

  const showGeneration = (value) => {
    $('generation').textContent = value ? String(value) : '–'
  }

  $('call').addEventListener('click', report(call))
  $('refresh').addEventListener('click', askServer)
  $('check').addEventListener(
    'click',
    report(async () => `The phase is ${session.check().phase}`),
  )
  $('stay-signed-in').addEventListener('click', report(extend))
  $('leave').addEventListener('click', () => session.signOut())
  $('upload').addEventListener('click', () => setUpload(release === null))
  session.on('signedOut', () => {
    setUpload(false)
    failure = null
    // It said that the session goes on.
    if (isFailed()) show('')
  })
  session.on('signedIn', () => show(''))
  session.on('refreshFailed', ({ error, retryAt }) => {
    showFailure(error)
    if (retryAt) nextTry.set(retryAt)
    else nextTry.clear()
  })
  session.inspect(({ after, record }) => showGeneration(after.phase === 'signedOut' ? 0 : record?.generation))
  session.on('refreshed', ({ generation }) => {
    showGeneration(generation)
    if (isFailed()) show('It works again: there are new tokens')
  })
  server.onCall?.((failed) => {
    failure = failed
    if (failed) showFailure(failed)
    else if (isFailed()) show('It works again: the server has answered')
  })

  return {
    use() {
      if (nextTry.wait() === 0) askAgain()
    },
  }
}
