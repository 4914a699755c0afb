import { eachSession } from 'sojourn'
import { connect } from 'sojourn/connect'

import { eachSecond } from '../tick.js'
import { countdown, secondsLeft } from '../words.js'
import { toFeed } from './live.js'

const $ = (id) => document.getElementById(id)

const STATES = {
  off: 'Off',
  connecting: 'Connecting',
  up: 'On',
  waiting: 'Interrupted',
  refused: 'Refused',
  closed: 'Off',
}

const HINTS = {
  off: 'While a call is up, the session counts as in use: start one, and leave both tabs alone.',
  connecting: 'The line is being opened.',
  waiting: 'The call is tried again. Meanwhile nothing holds the session.',
  refused: 'The server refused the call, and a newer token did not help. Nothing holds the session.',
  closed: '',
}

/**
 * A call: a connection that holds the session.
 *
 * @param {import('sojourn').Session} session
 */
export function showCall(session) {
  let hangUp = null
  let state = 'off'
  let since = 0

  const show = () => {
    const { endAt, endsBy } = session.deadlines() ?? { endAt: Infinity, endsBy: null }
    const left = countdown(secondsLeft(endAt - Date.now()))
    const last = endsBy === 'absolute' ? `The longest time still ends it: in ${left}, and the call with it.` : ''
    const held = last || `The session would end in ${left}, and that stays away while the call is up.`
    const lasts = countdown(Math.floor((Date.now() - since) / 1000))
    $('call-state').textContent = state === 'up' ? `On, ${lasts}` : STATES[state]
    $('call-hint').textContent = state === 'up' ? held : HINTS[state]
    $('call-button').textContent = hangUp ? 'End the call' : 'Start a call'
    $('call-button').disabled = session.getSnapshot().phase === 'signedOut'
  }
  const end = (status) => {
    if (!hangUp) return
    const undo = hangUp
    hangUp = null
    undo()
    state = 'off'
    $('call-status').textContent = status
    show()
  }
  const start = () => {
    $('call-status').textContent = ''
    hangUp = connect(
      session,
      toFeed(() => {}),
      {
        hold: true,
        onState(next) {
          state = next.state
          if (state === 'up') {
            since = Date.now()
            $('call-status').textContent = 'The call is up, and holds the session.'
          } else if (state === 'waiting') $('call-status').textContent = 'The call was interrupted.'
          show()
        },
      },
    )
  }

  $('call-button').addEventListener('click', () => {
    if (hangUp) end('The call is over.')
    else start()
    show()
  })
  // `connect` would call again for the next session, which may be another user's.
  eachSession(session, () => () => end('The session is over, and the call with it.'))
  eachSecond(session, show)
}
