import { connect } from 'sojourn/connect'

import { timeOfDay } from '../words.js'
import { nobodyLeaves } from './leaving.js'
import { isByCookie, isShared, toFeed } from './live.js'

const $ = (id) => document.getElementById(id)

/** So many lines are shown, the newest first. */
const LINES = 4

const NOTES = {
  lost: 'The connection was lost, and is tried again.',
  idle: 'The token has expired, and nobody has been active since. A connection refreshes for no idle user: move the mouse.',
  elsewhere: 'Another tab has the connection for all tabs. When that tab is closed, one of the others takes over.',
  refused: 'The server refused the connection, and a newer token did not help.',
}

/**
 * A live feed: which token the server was given for it, and when that was renewed.
 *
 * @param {import('sojourn').Session} session
 * @param {{ onCart: () => void }} events `onCart`: the cart at the server has changed
 */
export function showFeed(session, { onCart }) {
  /** Whether this tab has the connection, or has nobody to wait for. */
  let isOurs = !isShared
  let messages = 0

  const show = (state, note = '') => {
    $('feed-state').textContent = state
    // A status that has not changed is not announced again.
    if ($('feed-note').textContent !== note) $('feed-note').textContent = note
  }
  const add = (text) => {
    const line = document.createElement('li')
    line.textContent = `${timeOfDay(Date.now())} ${text}`
    $('feed-lines').prepend(line)
    $('feed-lines').children[LINES]?.remove()
  }

  /** `news` is only counted. */
  const receive = {
    token({ end, number, expiresIn }) {
      show(`Connected, token …${end}`)
      const how = number === 1 ? 'New connection' : `Renewed on the same connection (no. ${number})`
      add(`${how}: token …${end}, valid for ${expiresIn} s`)
    },
    cart() {
      add('The cart has changed at the server, and is read again')
      onCart()
    },
    verify() {
      add('The server says that a session has ended: this page asks')
      void nobodyLeaves().then(() => session.verify())
    },
  }
  const states = {
    connecting() {
      isOurs = true
      show('Connecting')
    },
    up() {
      show('Connected')
      if (isByCookie) add('New connection, by cookie: there is no token to renew')
    },
    waiting({ retryAt }) {
      if (retryAt) show(`Disconnected, next try ${timeOfDay(retryAt)}`, NOTES.lost)
      else if (isOurs) show('Waiting for you', NOTES.idle)
      else show('In another tab', NOTES.elsewhere)
    },
    refused: () => show('Refused', NOTES.refused),
    closed() {
      isOurs = !isShared
      show('Closed')
    },
  }
  connect(
    session,
    toFeed((event) => {
      messages += 1
      $('feed-messages').textContent = String(messages)
      receive[event.type]?.(event)
    }),
    {
      ...(isShared && { one: 'device', name: 'feed' }),
      onState: (state) => states[state.state](state),
    },
  )
}
