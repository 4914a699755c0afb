/** How long `createSession` takes to the right phase in a page that has just been opened, where a session lives. */
import { createSession } from 'sojourn'

type Subject = 'sojourn' | 'bare'

/** Long enough to be alive still when the last tab is opened. */
const options = { idleTimeout: '8h' } as const

export async function signIn(): Promise<void> {
  const session = createSession(options)
  await session.signIn()
  session.destroy()
}

export async function signOut(): Promise<void> {
  const session = createSession(options)
  await session.signOut()
  session.destroy()
}

const begin: Readonly<Record<Subject, () => () => void>> = {
  sojourn() {
    const session = createSession(options)
    const { phase } = session.getSnapshot()
    if (phase !== 'active') throw new Error(`The phase is ${phase}.`)
    return () => session.destroy()
  },
  /** What nobody can do without: the two keys are read, a channel and the storage event are listened to. */
  bare() {
    const record = localStorage.getItem('sojourn:session:1')
    const end = localStorage.getItem('sojourn:session:1:end')
    if (record === null || end !== null) throw new Error('No session lives here.')
    const channel = new BroadcastChannel('bare')
    channel.onmessage = () => {}
    const abort = new AbortController()
    addEventListener('storage', () => {}, { signal: abort.signal })
    return () => {
      abort.abort()
      channel.close()
    }
  },
}

const subject = new URLSearchParams(location.search).get('subject') as Subject | null

/** ms */
function once(): number {
  const start = performance.now()
  const end = begin[subject!]()
  const ms = performance.now() - start
  end()
  return ms
}

/** While the page loads, as an application does it: with code that has never run here. */
const duringLoad = subject === null ? 0 : once()
export const first = (): number => duringLoad

export const again = (count: number): number[] => Array.from({ length: count }, once)
