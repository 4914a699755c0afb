/** So often, in ms, a stream says that it is there, and looks whether its session is. */
const BEAT = 15_000

/**
 * Server-sent events for the pages of one session, whichever process it is that ends the session:
 *
 * - `verify`: the session is over here. The page should ask, by `session.verify()`; its stream ends with this event.
 * - `cart`: the cart has changed, and can be read anew.
 *
 * Each event has the data `{}`: an event without data is none. A stream prolongs nothing, and ends with its session: the message
 * that tells of the end may be lost, so the stream also looks by itself, when the session should be over and at each beat.
 *
 * @param {import('./sessions.mjs').Sessions} sessions
 * @returns {(req: import('express').Request, res: import('express').Response) => void} for a request whose session lives
 */
export function createEventStream(sessions) {
  return ({ sessionID: id }, res) => {
    let timer
    const send = (type) => res.write(`event: ${type}\ndata: {}\n\n`)
    const stop = () => {
      clearTimeout(timer)
      forget()
    }
    const receive = (type) => {
      if (res.writableEnded) return
      send(type)
      if (type !== 'verify') return
      stop()
      res.end()
    }
    const look = async () => {
      // A store that cannot be asked says nothing of the session.
      const left = await sessions.timeLeft(id).catch(() => ({ soonest: BEAT }))
      if (res.closed || res.writableEnded) return
      if (left === null) return receive('verify')
      res.write(':\n\n')
      timer = setTimeout(look, Math.min(left.soonest + 1, BEAT))
    }

    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // nginx keeps an answer back until it has enough of it, unless told not to.
      'X-Accel-Buffering': 'no',
    })
    const forget = sessions.on(id, receive)
    res.on('close', stop)
    // The session may have ended after it was read for this request, and before anybody listened.
    look()
  }
}
