// @ts-check

// The figures in words: what `npm run bench` prints, and what stands in docs/figures.md.

import { readFileSync } from 'node:fs'

/** @typedef {'sojourn' | 'empty' | 'reactIdleTimer' | 'reactIdleTimerTabs' | 'vueuse'} Candidate */
/** @typedef {Record<'sojourn' | 'bare', number>} Pair ms */
/** How long something takes from one tab to nine others. @typedef {{ rounds: number, clocks: number, each: Pair, last: Pair, slowest: Pair }} Reach */
/**
 * @typedef {object} Results
 * @property {{ date: string, processor: string, cores: number, system: string, chromium: string }} where
 * @property {Record<string, string>} versions
 * @property {Record<'move' | 'key', Record<Candidate, { microseconds: number, bytes: number, handled: string[] }>>} handlers
 * @property {Record<Candidate, { microseconds: number, timers: number, storage: number, messages: number }>} moving
 * @property {{ tabs: number, first: Pair, again: Pair }} start
 * @property {Reach} [signIn] Not in figures of before 2026-12.
 * @property {Reach} signOut
 * @property {Record<'alone' | 'connected' | 'told', import('./pages/connection.js').Cost>} [connection] Not in figures of before 2026-12.
 */

/** Where the figures of docs/figures.md are kept. */
export const resultsPath = new URL('results.json', import.meta.url)

/** @returns {Results} */
export const readResults = () => JSON.parse(readFileSync(resultsPath, 'utf8'))

/** Two digits are as much as such measurements mean. @param {number} value */
function short(value) {
  if (value >= 100) return String(Math.round(value))
  return String(Number(value.toPrecision(2)))
}

/** @param {number} ms */
const time = (ms) => (ms < 0.1 ? `${short(ms * 1000)} µs` : `${short(ms)} ms`)

/** @param {string[]} cells */
const row = (...cells) => `| ${cells.join(' | ')} |`

/** @type {readonly Candidate[]} */
const columns = ['sojourn', 'empty', 'reactIdleTimer', 'reactIdleTimerTabs', 'vueuse']

/** Each time beside how many times Sojourn's it is. @param {string} what @param {(candidate: Candidate) => number} microseconds */
const timeRow = (what, microseconds) =>
  row(
    what,
    ...columns.map((candidate) => {
      const own = microseconds(candidate)
      const ratio = candidate === 'sojourn' ? '' : ` (${short(own / microseconds('sojourn'))}×)`
      return `${short(own)} µs${ratio}`
    }),
  )

/** @param {string} what @param {(candidate: Candidate) => number} value */
const countRow = (what, value) => row(what, ...columns.map((candidate) => short(value(candidate))))

/** @param {string} what @param {Pair} pair */
const pairRow = (what, { sojourn, bare }) => row(what, time(sojourn), time(bare), `${short(sojourn / bare)}×`)

/** @param {string} what @param {Reach | undefined} reach */
const reachRows = (what, reach) =>
  reach
    ? [
        pairRow(`${what} to one of nine other tabs`, reach.each),
        pairRow('to the last of the nine', reach.last),
        pairRow(`the slowest of ${reach.rounds * 9}`, reach.slowest),
      ]
    : []

/**
 * What the scenarios S38 and S48 are about, in a sentence each.
 *
 * @param {Required<Pick<Results, 'signIn' | 'signOut'>>} results
 */
export const describeTabs = ({ signIn, signOut }) =>
  [
    ['S38 sign-out', signOut],
    ['S48 sign-in', signIn],
  ]
    .map(([what, reach]) => {
      const { each, last, slowest, rounds, clocks } = /** @type {Reach} */ (reach)
      return [
        `${what}: reaches another tab after ${time(each.sojourn)} (a bare message: ${time(each.bare)}),`,
        `the last of nine after ${time(last.sojourn)} (${time(last.bare)}),`,
        `the slowest of ${rounds * 9} after ${time(slowest.sojourn)} (${time(slowest.bare)});`,
        `the clocks of two tabs differ by ${time(clocks)} at most.`,
      ].join(' ')
    })
    .join('\n')

/** What one connection costs a page whose user does nothing. @param {Required<Results>['connection']} connection */
export function describeConnection({ alone, connected, told }) {
  /** @param {string} what @param {keyof typeof alone} key */
  const costRow = (what, key) => row(what, ...[alone, connected, told].map((cost) => String(cost[key])))
  return [
    'What one connection costs an idle page, in a minute:',
    '',
    row('', 'a session alone', 'with a socket that is silent', 'with a message every second'),
    '| --- | --- | --- | --- |',
    costRow('timers pending', 'pending'),
    costRow('timers that fire', 'fired'),
    costRow('messages that arrive', 'messages'),
    costRow('storage accesses', 'storage'),
  ].join('\n')
}

/** @param {Results} results */
export function describe({ where, versions, handlers, moving, start, signIn, signOut }) {
  const others = ['react-idle-timer', '@vueuse/core'].map((name) => `${name} ${versions[name]}`)
  return [
    `What input costs, and in brackets how many times Sojourn's that is:`,
    '',
    row(
      '',
      'Sojourn',
      'a listener that does nothing',
      '`react-idle-timer`',
      'the same over all tabs',
      "`@vueuse/core`'s `useIdle`",
    ),
    '| --- | --- | --- | --- | --- | --- |',
    timeRow('handlers, one mouse move', (candidate) => handlers.move[candidate].microseconds),
    timeRow('handlers, one key in a text field', (candidate) => handlers.key[candidate].microseconds),
    countRow('bytes allocated per mouse move', (candidate) => handlers.move[candidate].bytes),
    timeRow('a mouse that moves on, all told, per move', (candidate) => moving[candidate].microseconds),
    countRow('timers it sets per second', (candidate) => moving[candidate].timers),
    countRow('storage accesses per second', (candidate) => moving[candidate].storage),
    countRow('messages to other tabs per second', (candidate) => moving[candidate].messages),
    '',
    'What a session costs, beside what the platform alone takes for it:',
    '',
    row('', 'Sojourn', 'bare', 'ratio'),
    '| --- | --- | --- | --- |',
    pairRow('`createSession` to the right phase, first call in a new tab', start.first),
    pairRow('the same, each further call', start.again),
    ...reachRows('sign-in', signIn),
    ...reachRows('sign-out', signOut),
    '',
    [
      'Medians, except for the slowest.',
      'Handlers are called in a loop with trusted events, warm, the loop itself subtracted.',
      '"All told" is 60 real moves a second, from before the listeners to after them, with promises and timers: mostly the',
      "browser's own dispatch.",
      'Bare is, for `createSession`, reading two keys and opening a channel with its listeners; for the sign-out, a message by',
      'BroadcastChannel.',
    ].join(' '),
    '',
    [
      `Measured on ${where.date}: ${where.processor}, ${where.cores} cores, ${where.system}, Chromium ${where.chromium},`,
      `${others.join(', ')}.`,
      `\`npm run bench\` measures anew.`,
    ].join(' '),
  ].join('\n')
}
