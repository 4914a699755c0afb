// @ts-check

// Signs out everywhere while many pages are connected to several processes of the demo's backend, and fails unless the message reaches
// every page. Everything runs on this machine: the provider, the processes, Redis, and HTTP clients in place of pages.
//
//   npm run load                                              2,000 pages of 200 sessions on two processes
//   npm run load -- --pages 500 --sessions 50 --processes 3   fewer pages, more processes
//
// It needs Redis, which it installs where that is allowed; a file descriptor for each page, in this process; and about a quarter of
// a gigabyte of memory. It stops by itself.

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get, request } from 'node:http'
import { parseArgs } from 'node:util'
import { Failure, installDependencies, report } from './lib.mjs'
import { provideRedis } from './redis.mjs'

/** Bounds, so that one machine can do it in a minute. */
const MOST = { pages: 10_000, sessions: 1_000, processes: 16 }

/** Limits in ms: for the message to reach every page, and for the whole run. */
const TELL_WITHIN = 10_000
const RUN_WITHIN = 180_000

/** Descriptors that this process needs beside one for each page. */
const SPARE_DESCRIPTORS = 200

/** Pages of another user, which must get no message. */
const BYSTANDERS = 20

/** Sign-ins and requests that are under way at once. */
const AT_ONCE = 8

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '2000' },
    sessions: { type: 'string', default: '200' },
    processes: { type: 'string', default: '2' },
  },
})

/** @param {keyof typeof MOST} name */
function numberOf(name) {
  const number = Number(values[name])
  if (Number.isInteger(number) && number >= 1 && number <= MOST[name]) return number
  throw new Failure(`--${name} takes a number from 1 to ${String(MOST[name])}.`)
}

/** Node raises the soft limit to the hard one by itself, so that only the hard one counts. @param {number} needed */
function checkDescriptors(needed) {
  const { stdout } = spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })
  const limit = stdout.trim() === 'unlimited' ? Infinity : Number(stdout)
  if (limit >= needed) return
  throw new Failure(
    `This run needs ${String(needed)} file descriptors, and the hard limit is ${String(limit)}. ` +
      `Raise it (ulimit -Hn ${String(needed)}, as root), or give fewer --pages.`,
  )
}

/** Without a limit on connections, and without keeping them. */
const agent = new Agent({ keepAlive: false })

/** @param {string} url @param {import('node:http').RequestOptions} [options] @param {string} [body] */
async function ask(url, options = {}, body = '') {
  const asked = request(url, { agent, ...options })
  asked.end(body)
  const [response] = /** @type {[import('node:http').IncomingMessage]} */ (await once(asked, 'response'))
  response.resume()
  return { status: response.statusCode ?? 0, headers: response.headers }
}

/** A sign-in as a browser does it. @param {string} origin @param {string} name @returns {Promise<string>} the cookies, for a request */
async function signIn(origin, name) {
  /** @type {Map<string, string>} */
  const cookies = new Map()
  const cookie = () => [...cookies].map((pair) => pair.join('=')).join('; ')
  let at = new URL('/cookie/login', origin)
  while (at.pathname !== '/tab.html') {
    const isForm = at.pathname.startsWith('/login/')
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const { status, headers } = await ask(
      at.href,
      { method: isForm ? 'POST' : 'GET', headers: { cookie: cookie(), ...(isForm && form) } },
      isForm ? new URLSearchParams({ name }).toString() : '',
    )
    for (const line of headers['set-cookie'] ?? []) {
      const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(key, value)
    }
    if (!headers.location) throw new Failure(`A sign-in ended at ${at.pathname} with status ${String(status)}.`)
    at = new URL(headers.location, at)
  }
  return cookie()
}

/** @typedef {{ toldAt: number | null, told: Promise<void>, close: () => void }} Page */

/** Resolves once the process listens for this page's session. @param {string} url @param {string} cookie @returns {Promise<Page>} */
async function openPage(url, cookie) {
  const asked = get(`${url}/cookie/events`, { agent, headers: { cookie } })
  const [response] = /** @type {[import('node:http').IncomingMessage]} */ (await once(asked, 'response'))
  if (response.statusCode !== 200) throw new Failure(`A page was answered with ${String(response.statusCode)}.`)
  /** @type {Page} */
  const page = { toldAt: null, told: Promise.resolve(), close: () => asked.destroy() }
  let heard = ''
  page.told = new Promise((resolve) => {
    response.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      heard += text
      if (page.toldAt !== null || !heard.includes('event: verify\ndata: {}\n\n')) return
      page.toldAt = performance.now()
      resolve()
    })
  })
  // Closing the page from this side is an error of the response.
  response.on('error', () => undefined)
  // The first comment comes after the process has added its listener.
  await once(response, 'data')
  return page
}

/** `work` on each, a few at a time. @template T, R @param {readonly T[]} items @param {(item: T, index: number) => Promise<R>} work */
async function each(items, work) {
  /** @type {R[]} */
  const results = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++)
      results[index] = await work(/** @type {T} */ (items[index]), index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}

/** @param {number} ms */
const inMs = (ms) => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
/** @param {number} bytes */
const inMB = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
const numbers = new Intl.NumberFormat('en')

/** @param {import('../demo/server/start.mjs').Demo} demo @param {{ pages: number, sessions: number }} counts */
async function run(demo, { pages: pageCount, sessions: sessionCount }) {
  const processes = demo.processes()
  const urlOf = (/** @type {number} */ index) => processes[index % processes.length]?.url ?? ''

  const before = await demo.memory()
  let start = performance.now()
  const cookies = await each(Array.from({ length: sessionCount }), () => signIn(demo.url, 'Ada'))
  const foreign = await signIn(demo.url, 'Bob')
  console.log(`${numbers.format(sessionCount)} sign-ins of one user: ${inMs(performance.now() - start)}`)

  start = performance.now()
  const pages = await each(Array.from({ length: pageCount }), (_, index) =>
    // The pages of one session are connected to all processes.
    openPage(urlOf(Math.floor(index / sessionCount) + (index % sessionCount)), cookies[index % sessionCount] ?? ''),
  )
  const bystanders = await each(Array.from({ length: BYSTANDERS }), (_, index) => openPage(urlOf(index), foreign))
  console.log(`${numbers.format(pageCount)} pages connected: ${inMs(performance.now() - start)}`)
  const during = await demo.memory()

  start = performance.now()
  const headers = { cookie: cookies[0] ?? '', 'X-Requested-With': 'load' }
  const answer = await ask(`${urlOf(0)}/cookie/logout-everywhere`, { method: 'POST', headers })
  const answered = performance.now() - start
  if (answer.status !== 204) throw new Failure(`The sign-out was answered with ${String(answer.status)}.`)
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, TELL_WITHIN)
  })
  await Promise.race([Promise.all(pages.map(({ told }) => told)), late])
  clearTimeout(timer)

  const times = pages.flatMap(({ toldAt }) => (toldAt === null ? [] : [toldAt - start])).sort((a, b) => a - b)
  const [first = NaN, median = NaN, last = NaN] = [0, times.length >> 1, times.length - 1].map((index) => times[index])
  console.log(`Signed out everywhere through process 1, which answered after ${inMs(answered)}.`)
  console.log(`Reached: ${numbers.format(times.length)} of ${numbers.format(pageCount)} pages`)
  console.log(`  the first after ${inMs(first)}, half of them after ${inMs(median)}, the last after ${inMs(last)}`)
  for (const [index, { number }] of processes.entries())
    console.log(
      `Memory of process ${String(number)}: ${inMB(before[index] ?? NaN)}, with its pages ${inMB(during[index] ?? NaN)}`,
    )

  const statuses = await each(cookies, (cookie, index) =>
    ask(`${urlOf(index)}/cookie/session`, { headers: { cookie } }).then(({ status }) => status),
  )
  const alive = statuses.filter((status) => status !== 401).length
  const disturbed = bystanders.filter(({ toldAt }) => toldAt !== null).length
  const { status: theirs } = await ask(`${urlOf(0)}/cookie/session`, { headers: { cookie: foreign } })
  for (const page of [...pages, ...bystanders]) page.close()

  if (times.length < pageCount) throw new Failure(`${String(pageCount - times.length)} pages were not reached.`)
  if (alive > 0) throw new Failure(`${String(alive)} sessions were not ended.`)
  if (disturbed > 0 || theirs !== 200) throw new Failure('The session of another user was touched.')
  console.log('Every session of the user is over, and that of another user goes on.')
}

await report(async () => {
  const counts = { pages: numberOf('pages'), sessions: numberOf('sessions'), processes: numberOf('processes') }
  if (counts.processes < 2) throw new Failure('The run needs at least two processes: --processes 2.')
  checkDescriptors(counts.pages + SPARE_DESCRIPTORS)
  installDependencies()
  provideRedis()
  const { findRedisServer, startRedisServer } = await import('../demo/server/redis-server.mjs')
  const { startDemo } = await import('../demo/server/start.mjs')
  const redis = await startRedisServer(findRedisServer() ?? '')
  try {
    // Long enough that no session ends by itself during the run.
    const limits = { idleTimeout: 600, absoluteTimeout: 3600 }
    const demo = await startDemo({ ...limits, redis: redis.socket, processes: counts.processes })
    /** @type {NodeJS.Timeout | undefined} */
    let timer
    try {
      const tooLong = new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Failure('The run takes too long.')), RUN_WITHIN)
      })
      await Promise.race([run(demo, counts), tooLong])
    } finally {
      clearTimeout(timer)
      await demo.close()
    }
  } finally {
    await redis.stop()
  }
})
