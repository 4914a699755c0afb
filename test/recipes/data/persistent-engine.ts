import { setPersistentEngine, type PersistentListener } from '@nanostores/persistent'
import { eachSession, type Session } from '../../../src/index.js'
import { sessionData, type SessionData } from '../../../src/data.js'

/** Lets `persistentAtom()` and `persistentJSON()` keep what they hold for one session. */
export function persistForEachSession(session: Session): () => void {
  const listeners = new Map<PersistentListener, string>()
  let data: SessionData | null = null
  let isWriting = false
  const tell = (changed?: string | null): void => {
    if (isWriting) return
    for (const [listener, key] of listeners)
      if (changed === undefined || changed === key) listener({ key, newValue: data?.getItem(key) ?? (null as never) })
  }
  const write = (key: string | symbol, text?: string): boolean => {
    isWriting = true
    if (text === undefined) data?.removeItem(String(key))
    else data?.setItem(String(key), text)
    isWriting = false
    return true
  }
  setPersistentEngine(
    new Proxy(
      {},
      {
        has: (_, key) => (data?.getItem(String(key)) ?? null) !== null,
        get: (_, key) => data?.getItem(String(key)) ?? undefined,
        set: (_, key, text: string) => write(key, text),
        deleteProperty: (_, key) => write(key),
      },
    ),
    {
      addEventListener: (key, listener) => listeners.set(listener, key),
      removeEventListener: (_, listener) => listeners.delete(listener),
    },
  )
  return eachSession(session, () => {
    data = sessionData(session)
    const unsubscribe = data.subscribe(tell)
    tell()
    return () => {
      unsubscribe()
      data = null
      tell()
    }
  })
}
