import type { SharedRecord } from './core/record.js'
import { browserStorage } from './ports/shared-storage.js'
import { contextOf, isAnonymous, lastEnded, type SessionContext } from './session/context.js'
import type { DataHooks } from './session/data-hooks.js'
import type { Session, SessionData } from './types.js'

export type { SessionData } from './types.js'

/** Texts by key. Storage has its texts as properties, too, so memory needs no methods. */
type Texts = Record<string, string>

/**
 * What the session that lives now keeps on this device, for all tabs: a storage that is empty for each new session. In the task in
 * which a tab learns that the session has ended or was replaced, it removes everything, and what the application writes later is
 * refused, also when the next user is already signed in: what this returns is bound to one session. Each call first compares the
 * session with the clock.
 *
 * It lies in `localStorage`, where any script of the origin can read it: no place for secrets. Where the browser denies storage it
 * lies in the memory of the tab.
 *
 * @throws SessionError `signed_out` where nobody is signed in, `invalid_options` for what is no session.
 * @example A draft that the next user never sees
 * ```ts
 * eachSession(session, () => {
 *   const data = sessionData(session)
 *   editor.value = data.getItem('draft') ?? ''
 *   editor.oninput = () => data.setItem('draft', editor.value)
 * })
 * ```
 */
export function sessionData(session: Session): SessionData {
  const context = contextOf(session, 'sessionData')
  // Throws on a server, before anything is opened there.
  const record = context.requireLive()
  return (context.data ??= createData(context, session)).open(record)
}

/** The session objects of each page that keep data, by its storage: they tell each other, for a page gets no event of its own writes. */
const present = /* @__PURE__ */ new WeakMap<object, Set<(key: string) => void>>()

/** The data of the sessions of one name, as one tab sees it. */
function createData(context: SessionContext, session: Session): DataHooks {
  /** A JSON text is never the beginning of another: no name's keys begin with those of another. */
  const root = `sojourn-data:${JSON.stringify(context.name)}`
  /** What the keys of a session begin with: one that was displaced sorts before the one that displaced it. All have 16 digits. */
  const partOf = ({ seq, id }: SharedRecord, end = ':'): string => `${root}${1e15 + seq}${id}${end}`
  const idAt = root.length + 16
  const memory: Texts = {}
  /** The part of an anonymous session whose data the next session takes over. */
  let taken = ''

  const tell = (key: string): void => {
    const end = key.indexOf(':', idAt) + 1
    context.enqueue(key.slice(idAt, end), key.slice(end))
    context.flush()
  }
  const openStorage = context.ports.openStorage ?? browserStorage
  const all = present.get(openStorage) ?? new Set()
  present.set(openStorage, all.add(tell))
  context.destroyed.addEventListener('abort', () => all.delete(tell))
  const announce = (key: string): void => {
    for (const one of all) one(key)
  }
  const open = openStorage((key) => {
    // A slow process may have written it behind the end.
    if (!clean(key)) tell(key)
  }, context.destroyed)
  const storage = (): Texts => {
    try {
      return open() ?? memory
    } catch {
      // The session itself reports that the browser denies storage.
      return memory
    }
  }

  /**
   * Removes what belongs to a session that is known to be over. One that this tab has not heard of yet may be live: its record comes
   * before its data, but this tab may have written a record of its own over it. One with a number ahead of the clock began before
   * the clock was set back, and no record tells of it: it counts as over, or its data would stay until the clock has come so far.
   */
  const clean = (key: string): boolean => {
    const next = context.liveRecord()
    const record = next ?? lastEnded(context)
    if (!record || context.opening() || !key.startsWith(root)) return false
    // A semicolon follows the colon: then the session's own keys are before it.
    const own = partOf(record, next ? '' : ';')
    if (key >= own && (key.startsWith(own) || key < `${root}${1e15 + context.ports.wallNow()}`)) return false
    const all = storage()
    const text = all[key] ?? ''
    // First: then there is room for it.
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- as storage has it
    delete all[key]
    // Nobody knows whether a session without tokens and login has a user.
    if (next && taken && key.startsWith(taken) && !isAnonymous(next))
      try {
        all[partOf(next) + key.slice(taken.length)] = text
      } catch {
        // Something else has taken the room.
      }
    return true
  }
  const sweep = (): void => {
    Object.keys(storage()).forEach(clean)
  }

  context.hooks.push({
    ended(id) {
      sweep()
      taken = ''
      // Listeners are called at the end of the step.
      context.enqueue(`${id}:`, null)
      return undefined
    },
  })
  return {
    sweep,
    open(record) {
      sweep()
      void context.opening()?.then(sweep)
      const { id } = record
      const part = partOf(record)
      const isKnown = (): boolean => context.liveRecord()?.id === id && !context.isClosed()
      // No look for a session that is over: it would tell listeners of the next one, while what belongs to the old one is stopped.
      const isHere = (): boolean => isKnown() && (context.poll(), isKnown())
      const setItem = (key: string, text?: string): boolean => {
        if (!isHere() || context.opening()) return false
        const all = storage()
        const full = part + key
        const before = all[full]
        // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- as storage has it
        if (text === undefined) delete all[full]
        else all[full] = text
        if (text !== before) announce(full)
        return true
      }
      return {
        id,
        getItem: (key) => (isHere() ? (storage()[part + key] ?? null) : null),
        // As storage does with what is no text.
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-conversion -- JavaScript gives anything
        setItem: (key, value) => setItem(key, String(value)),
        removeItem(key) {
          setItem(key)
        },
        subscribe: (listener) => session.on(`${id}:` as 'signedOut', listener as never),
      }
    },
    take() {
      context.poll()
      const record = context.liveRecord()
      taken = record && isAnonymous(record) ? partOf(record) : ''
    },
  }
}
