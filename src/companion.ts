import { fingerprint } from './core/fingerprint.js'
import { sessionError } from './errors.js'
import { listen, ofDocument } from './ports/safe-dom.js'
import { contextOf } from './session/context.js'
import type { Session } from './types.js'
import { onceAborted } from './util/async.js'
import { DEVELOPMENT } from './util/development.js'

/** A sandboxed frame has no cookies, and reading them throws: https://github.com/js-cookie/js-cookie/issues/531 */
function cookies(): string {
  try {
    return ofDocument('cookie')
  } catch {
    return ''
  }
}

/**
 * In the record in place of a hash where there was no cookie. It is less than any fingerprint: the cookie of a sign-in may come to this
 * page after the record.
 */
const ABSENT = '-'

/** What `CookieStore` says has changed. */
interface CookieChange extends Event {
  readonly changed?: readonly { readonly name: string; readonly value?: string }[]
  readonly deleted?: readonly { readonly name: string }[]
}

/**
 * Watches a cookie of the parent domain that the server sets to a new value at each sign-in and removes at each sign-out, and asks the
 * server (`session.verify()`) when it changes. So a sign-out in another application, on another subdomain, reaches this page. Returns
 * the undo.
 *
 * The cookie is no secret, and proves nothing: anybody may change it, and the session ends only if the server says so. It must not be
 * HttpOnly. Where the browser has a CookieStore the page learns of a change at once; in others at the next step of the session: when
 * the page is shown or focused, or when its user is active. No timer runs for it.
 *
 * @throws SessionError `invalid_options` for what is no session, and for what is no name of a cookie
 * @example One sign-out for app.example.com and docs.example.com
 * ```ts
 * // At each sign-in the server sends: Set-Cookie: signed-in=<random>; Domain=example.com; Path=/; Secure; SameSite=Lax
 * companionCookie(session, 'signed-in')
 * ```
 */
export function companionCookie(session: Session, name: string): () => void {
  const context = contextOf(session, 'companionCookie')
  // RFC 6265 §4.1.1: a name is a token.
  if (typeof name !== 'string' || !/^[^\s=;,]+$/.test(name))
    throw sessionError('invalid_options', DEVELOPMENT && 'companionCookie takes the name of a cookie.')
  const undone = new AbortController()
  const undo = (): void => {
    undone.abort()
  }
  if (!context.ports.hasPage || context.isClosed()) return undo
  let last = ''
  /** Changes with each answer of the server. */
  const answers = (): string => {
    const { generation = 0, serverAt = 0 } = context.liveRecord() ?? {}
    return `${generation} ${serverAt}`
  }
  const ask = (about: string): void => {
    const before = answers()
    void session.verify().then(() => {
      // A question without an answer is asked again at the next step.
      if (answers() === before && last === about) last = ''
    })
  }
  /** `cookie`: as an event says. */
  const compare = (cookie: string): void => {
    const record = context.liveRecord()
    // A prerendered page changes nothing.
    if (!record || undone.signal.aborted || context.opening()) return
    const { id, companion } = record
    const value = cookie ? fingerprint(cookie) : ABSENT
    const isNew = last !== id + value
    last = id + value
    if (companion <= ABSENT && companion < value) context.step('look', id, () => ({ companion: value }))
    if (isNew && (companion ? companion !== value : !cookie)) ask(last)
  }

  const own = (): readonly string[] =>
    cookies()
      .split('; ')
      .filter((pair) => pair.startsWith(`${name}=`))
  const look = (): void => {
    compare(own().join())
  }
  /** Chromium may fire the event while `document.cookie` still has the text before. */
  const onChange = (event: Event): void => {
    const { changed = [], deleted = [] } = event as CookieChange
    // Of two cookies of one name, as of two paths, the event says one.
    const set = own().length < 2 && changed.find((one) => one.name === name)
    if (set) compare(`${name}=${set.value ?? ''}`)
    else if (deleted.some((one) => one.name === name)) compare('')
    else look()
  }

  const { cookieStore } = globalThis as { readonly cookieStore?: EventTarget }
  if (cookieStore) listen(cookieStore, 'change', onChange, { signal: undone.signal })
  undone.signal.addEventListener('abort', session.inspect(look))
  onceAborted(context.destroyed, undo, undone.signal)
  look()
  return undo
}
