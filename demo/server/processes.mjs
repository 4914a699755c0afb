import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'

import { sendJson } from './http.mjs'

const PROGRAM = new URL('backend-process.mjs', import.meta.url)

/** Headers for one connection only (RFC 9110 §7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding']

/**
 * Starts the backend by cookie as several processes, and distributes requests as a load balancer does: each request goes to the
 * next process, but one with `?process=2` goes to the second. A process that has ended gets no more requests.
 *
 * @param {number} count
 * @param {import('./backend.mjs').BackendOptions} options
 */
export async function startProcesses(count, options) {
  const start = async (number) => {
    const child = fork(PROGRAM, { execArgv: [] })
    child.send({ options, number })
    const [{ port }] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error(`Process ${number} of the backend did not start`))),
    ])
    return { number, child, port }
  }
  const stop = ({ child }) => {
    if (child.exitCode !== null || child.signalCode !== null) return undefined
    const gone = once(child, 'exit')
    if (child.connected) child.disconnect()
    return gone
  }

  const started = await Promise.allSettled(Array.from({ length: count }, (_, index) => start(index + 1)))
  const running = started.flatMap(({ value }) => value ?? [])
  const failed = started.find(({ reason }) => reason)
  if (failed) {
    await Promise.all(running.map(stop))
    throw failed.reason
  }
  for (const each of running) each.child.once('exit', () => running.splice(running.indexOf(each), 1))

  let turn = 0
  const choose = (req) => {
    const wanted = Number(new URL(req.url, 'http://localhost').searchParams.get('process'))
    turn += 1
    return running.find(({ number }) => number === wanted) ?? running[turn % running.length]
  }

  const pass = (answer, res) => {
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !HOP_BY_HOP.includes(name)))
    res.writeHead(answer.statusCode, headers)
    if (answer.headers['content-type']?.startsWith('text/event-stream')) return answer.pipe(res)
    // In one piece, so that the fault `lost` can drop the whole response.
    const chunks = []
    answer.on('data', (chunk) => chunks.push(chunk)).on('end', () => res.end(Buffer.concat(chunks)))
  }

  return {
    /** The processes that run: `url` is each one's own, past the balancer. */
    list: () => running.map(({ number, child, port }) => ({ number, pid: child.pid, url: `http://localhost:${port}` })),
    /** Bytes of memory that each process has. @returns {Promise<number[]>} */
    memory: () =>
      Promise.all(
        running.map(async ({ child }) => {
          const answer = once(child, 'message')
          child.send('memory')
          return (await answer)[0].memory
        }),
      ),
    /** @type {import('node:http').RequestListener} */
    handle(req, res) {
      const target = choose(req)
      if (!target) return sendJson(res, 503, { error: 'temporarily_unavailable' })
      const { method, url: path, headers } = req
      // A new connection for each request: a kept one may be closed while it is used.
      const onward = request({ host: 'localhost', port: target.port, method, path, headers, agent: false })
      onward.on('response', (answer) => {
        // The process ended in the middle of a response.
        answer.on('error', () => res.destroy())
        pass(answer, res)
      })
      onward.on('error', () => {
        if (res.headersSent) res.destroy()
        else sendJson(res, 503, { error: 'temporarily_unavailable' })
      })
      res.on('close', () => onward.destroy())
      req.pipe(onward)
    },
    close: () => Promise.all(running.map(stop)),
  }
}
