import { eachSession } from 'sojourn'
import { sessionData } from 'sojourn/data'

import { asked, server } from '../servers.js'
import { authorizedFetch } from '../session.js'

const $ = (id) => document.getElementById(id)

const KEY = 'cart'

const PLACE = server.cart
  ? 'It is kept on this device and at the server, under the session’s id. The end of the session removes both.'
  : 'It is kept on this device, for all tabs. When the session ends, each tab removes it.'

const PROBLEMS = { 401: 'the session is over at the server', 409: 'the cart is full', 422: 'this is no item' }

/**
 * A cart that all tabs share, and that ends with the session.
 *
 * @param {import('sojourn').Session} session
 * @returns {{ reload(): void }} `reload` for a cart that has changed at the server
 */
export function showCart(session) {
  /** @type {import('sojourn/data').SessionData | null} */
  let data = null
  let requests = 0

  const read = () => JSON.parse(data?.getItem(KEY) ?? '[]')
  const show = () => {
    const items = read()
    const rows = items.map((item) => {
      const row = document.createElement('li')
      row.textContent = item
      return row
    })
    $('cart-items').replaceChildren(...rows)
    $('cart-state').textContent = items.length === 1 ? '1 item' : `${items.length} items`
    $('cart-fields').disabled = data === null
    $('cart-empty').disabled = items.length === 0
  }

  /** Takes over what the server has. A response that comes after the end is refused by `of`, which belongs to its session alone. */
  const sync = async (init) => {
    const of = data
    const number = ++requests
    const response = await authorizedFetch(server.cart, { headers: asked, ...init })
    if (response.status === 401) void session.verify()
    if (!response.ok) throw new Error(PROBLEMS[response.status] ?? `the server answered ${response.status}`)
    const { items } = await response.json()
    if (number === requests) of?.setItem(KEY, JSON.stringify(items))
  }
  const add = (item) => {
    if (!server.cart) return data?.setItem(KEY, JSON.stringify([...read(), item]))
    const headers = { ...asked, 'Content-Type': 'application/json' }
    return sync({ method: 'POST', headers, body: JSON.stringify({ item }) })
  }
  const empty = () => (server.cart ? sync({ method: 'DELETE' }) : data?.removeItem(KEY))
  const change = async (doing, done) => {
    $('cart-status').textContent = ''
    try {
      await doing()
      $('cart-status').textContent = done
      return true
    } catch (error) {
      $('cart-status').textContent = `Nothing was changed: ${error.message}.`
      return false
    }
  }
  const reload = () => {
    if (!server.cart || !data) return
    sync().catch((error) => {
      $('cart-status').textContent = `The cart could not be read: ${error.message}.`
    })
  }

  $('cart-place').textContent = PLACE
  $('cart-form').addEventListener('submit', async (event) => {
    event.preventDefault()
    const item = $('cart-item').value.trim()
    if (item && (await change(() => add(item), `${item} is in the cart.`))) $('cart-item').value = ''
  })
  $('cart-empty').addEventListener('click', async () => {
    // A button that is disabled loses the focus.
    if (await change(empty, 'The cart is empty.')) $('cart-item').focus()
  })
  eachSession(session, () => {
    data = sessionData(session)
    const stop = data.subscribe(show)
    show()
    reload()
    return () => {
      stop()
      data = null
      $('cart-status').textContent = ''
      $('cart-item').value = ''
      show()
    }
  })
  // Firefox and Safari tell a page in the back/forward cache of no change.
  addEventListener('pageshow', show)
  return { reload }
}
