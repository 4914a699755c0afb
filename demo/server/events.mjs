/** After so many ms a stream sends a comment, and reads whether its session still exists. */
const BEAT = 15_000

/**
 * Server-sent events for the pages of one session, whichever process ends the session:
 *
 * - `verify`: the session is over here. The page should ask, by `session.verify()`; its stream ends with this event.
 * - `cart`: the cart has changed, and can be read anew.
 *
 * Each event has the data `{}`: an event without data is none. A stream does not extend the session, and ends with it. The
 * message about the end may be lost, so the stream also reads the store, at the session's deadline and every 15 s.
 *
 * @param {import('./sessions.mjs').Sessions} sessions
 * @returns {(req: import('express').Request, res: import('express').Response) => void} for a request with a live session
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
      // A store that cannot be reached is no reason to end the stream.
      const left = await sessions.timeLeft(id).catch(() => ({ soonest: BEAT }))
      if (res.closed || res.writableEnded) return
      if (left === null) return receive('verify')
      res.write(':\n\n')
      timer = setTimeout(look, Math.min(left.soonest + 1, BEAT))
    }

    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // Without this header nginx buffers the response.
      'X-Accel-Buffering': 'no',
    })
    const forget = sessions.on(id, receive)
    res.on('close', stop)
    // The session may have ended after it was read for this request and before the listener was added.
    look()
  }
}
