/** One of ten tabs: knows when a sign-in, a sign-out, or a bare message has reached it. */
import { createSession } from 'sojourn'

/** ms by a clock that all tabs share: a page's origin of time is told by the wall clock of the one machine. */
const now = (): number => performance.timeOrigin + performance.now()

const session = createSession()
const channel = new BroadcastChannel('bare')
let arrivedAt = 0

const arrive = (): void => {
  arrivedAt = now()
}
channel.onmessage = arrive
session.on('signedIn', arrive)
session.on('signedOut', arrive)

/** Each returns when it began. */
export function signIn(): number {
  const start = now()
  void session.signIn()
  return start
}
export function signOut(): number {
  const start = now()
  void session.signOut()
  return start
}
export function say(): number {
  const start = now()
  channel.postMessage({ record: null, end: null })
  return start
}

/** When the last one arrived; 0 if none has since this was last asked. */
export function arrived(): number {
  const at = arrivedAt
  arrivedAt = 0
  return at
}

/** A question says which tab is to answer, an answer what its clock says. */
interface Ping {
  readonly tab?: number
  readonly at?: number
}
const clock = new BroadcastChannel('clock')
const ownTab = Number(new URLSearchParams(location.search).get('tab'))
let onAnswer: (at: number) => void = () => {}
clock.onmessage = ({ data }: MessageEvent<Ping>) => {
  if (data.tab === ownTab) clock.postMessage({ at: now() })
  else if (data.at !== undefined) onAnswer(data.at)
}

/** By how many ms the clock of another tab is ahead of this one's, by the quickest of many answers. */
export async function clockAhead(tab: number, count: number): Promise<number> {
  let quickest = Infinity
  let ahead = 0
  for (let i = 0; i < count; i++) {
    const asked = now()
    const at = await new Promise<number>((resolve) => {
      onAnswer = resolve
      clock.postMessage({ tab })
    })
    const answered = now()
    if (answered - asked >= quickest) continue
    quickest = answered - asked
    ahead = at - (asked + answered) / 2
  }
  return ahead
}
