/** Steps as sentences: `12.4 s later, tab 1: sign in as bob`. */
import { actNames, acts, type ActName } from './acts.js'
import { printSpan, readSpan } from './ways.js'

/** One thing that happens. */
export interface Step {
  /** Ms since the step before. */
  readonly wait: number
  /** In which tab, by its name; by chance among those that there are where there is none of that name. */
  readonly tab: string
  readonly act: ActName
  /** In which of its ways, in words. */
  readonly way: string
}

/** Longer words first: `timers ring on time` is not a way of `timers ring`. */
const byLength = [...actNames].sort((a, b) => acts[b].words.length - acts[a].words.length)

export function printStep({ wait, tab, act, way }: Step): string {
  const { words, isInTab } = acts[act]
  return `${wait > 0 ? `${printSpan(wait)} later, ` : ''}${isInTab ? `${tab}: ` : ''}${words}${way && ` ${way}`}`
}

/** The inverse of `printStep`. Throws where the text is no step. */
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

/** The tab of a step that happens in none. */
export const ANY = 'tab 1'
