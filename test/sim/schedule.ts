/** Steps as sentences: `12.4 s later, tab 1: sign in as bob`. */
import { actNames, acts, type ActName } from './acts.js'
import { printSpan, readSpan } from './ways.js'

/** One step of a schedule. */
export interface Step {
  /** The time since the step before, in ms. */
  readonly wait: number
  /** The tab by its name, or a random one if there is none of that name. */
  readonly tab: string
  readonly act: ActName
  /** The way of the act, in words. */
  readonly way: string
}

/** Longer words first: `timers ring on time` is not a way of `timers ring`. */
const byLength = [...actNames].sort((a, b) => acts[b].words.length - acts[a].words.length)

export function printStep({ wait, tab, act, way }: Step): string {
  const { words, isInTab } = acts[act]
  return `${wait > 0 ? `${printSpan(wait)} later, ` : ''}${isInTab ? `${tab}: ` : ''}${words}${way && ` ${way}`}`
}

/** The inverse of `printStep`. Throws if the text is no step. */
export function readStep(text: string): Step {
  const [, span = '0 ms', tab, what = ''] = /^(?:(\S+ \S+) later, )?(?:(tab \d+(?: again)?): )?(.*)$/.exec(text) ?? []
  const wait = readSpan(span)
  for (const act of byLength) {
    const { words, isInTab, isWay } = acts[act]
    const way = what === words ? '' : what.startsWith(`${words} `) ? what.slice(words.length + 1) : null
    if (way !== null && isWay(way) && isInTab === !!tab && wait !== undefined)
      return { wait, tab: tab ?? ANY, act, way }
  }
  throw new Error(`No step of a schedule: ${text}`)
}

/** The tab of a step that is in no tab. */
export const ANY = 'tab 1'
