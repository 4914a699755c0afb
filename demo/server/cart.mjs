import { promisify } from 'node:util'

import express from 'express'

const LONGEST_ITEM = 100

/**
 * A cart that is kept under the session's id, and deleted with the session. It is not part of the stored session, so that two requests
 * can add at once, and no request writes a session that has ended.
 *
 * @param {object} parts
 * @param {import('./sessions.mjs').Sessions} parts.sessions
 * @param {import('express').RequestHandler} parts.using reads the session and extends it
 * @param {import('express').RequestHandler} parts.looking reads it
 * @param {import('express').RequestHandler} parts.visitor passes on requests of a signed-in user, and of a visitor
 */
export function createCart({ sessions, using, looking, visitor }) {
  const wellFormed = (req, res, next) => {
    const item = req.body?.item
    if (typeof item === 'string' && item.trim() !== '' && item.length <= LONGEST_ITEM) return next()
    res.status(422).json({ error: 'item_missing' })
  }
  /** The first item of a visitor begins an anonymous session. */
  const begin = async (req, _res, next) => {
    if (!req.session.user && !req.session.isAnonymous) {
      req.session.isAnonymous = true
      await promisify(req.session.save).call(req.session)
    }
    next()
  }

  const cart = express.Router()
  cart.get('/', looking, visitor, async (req, res) => res.json({ items: await sessions.cart(req.sessionID) }))
  cart.post('/', express.json({ limit: '1kb' }), wellFormed, using, visitor, begin, async (req, res) => {
    const items = await sessions.addToCart(req.sessionID, [req.body.item])
    if (items) return res.json({ items })
    const isOver = (await sessions.timeLeft(req.sessionID)) === null
    res.status(isOver ? 401 : 409).json({ error: isOver ? 'session_over' : 'cart_full' })
  })
  cart.delete('/', using, visitor, async (req, res) => {
    await sessions.takeCart(req.sessionID)
    res.json({ items: [] })
  })
  return cart
}
