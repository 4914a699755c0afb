/**
 * Checks of what an application gives. They help the developer and guard no promise: call them where `DEVELOPMENT` is true only, and
 * the production build is without them.
 */
import { sessionError } from '../errors.js'
import { warnOfNames } from './hints.js'

export type Kind = 'function' | 'object' | 'string' | 'boolean' | 'any'

const MEANT: Readonly<Record<Kind, string>> = {
  function: 'a function',
  object: 'an object',
  string: 'a text',
  boolean: 'true or false',
  any: 'anything',
}

/** What a value is, and never the value itself: it may be a token. */
function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return 'an array'
  // `idbTokens` in place of `idbTokens()`.
  if (typeof value === 'function') return `a function that was not called${value.name && ` (${value.name})`}`
  return value === '' ? 'empty' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
}

const isOf = (value: unknown, kind: Kind): boolean =>
  kind === 'any' || (typeof value === kind && value !== null && !(kind === 'object' && Array.isArray(value)))

/** Throws `invalid_options`, unless `ok`. `what` names the argument, `meant` says what to give. */
export function checkArgument(ok: unknown, what: string, value: unknown, meant: string): void {
  if (!ok) throw sessionError('invalid_options', `${what} is ${describe(value)}. Give ${meant}.`)
}

/** Throws `invalid_options` for what is no function. `task`: what the function does. */
export function checkFunction(what: string, value: unknown, task: string): void {
  checkArgument(typeof value === 'function', what, value, `a function that ${task}`)
}

type Kinds = Readonly<Record<string, Kind>>

/**
 * Throws `invalid_options` for what is no object, and for members of another kind. Those of `kinds` may be missing, or null; those of
 * `needed` may not. Warns of members that look like one of these, misspelt.
 */
export function checkMembers(who: string, given: unknown, meant: string, kinds: Kinds, needed: Kinds = {}): void {
  checkArgument(isOf(given, 'object'), `${who}: the argument`, given, meant)
  for (const [name, kind] of Object.entries({ ...kinds, ...needed })) {
    const value = (given as Readonly<Record<string, unknown>>)[name]
    const mayBeMissing = !(name in needed)
    const isMissing = mayBeMissing && (value === undefined || value === null)
    const what = `${MEANT[kind]}${mayBeMissing ? ', or leave it out' : ''}`
    checkArgument(isMissing || isOf(value, kind), `${who}: ${name}`, value, what)
  }
  warnOfNames(who, given as object, Object.keys({ ...kinds, ...needed }), true)
}

/** The same for options: an object, or nothing. With `kinds`, which then has all of them, it warns of every other. */
export function checkOptions(who: string, options: unknown, kinds?: Kinds): void {
  checkMembers(who, options, 'an object of options, or nothing', kinds ?? {})
  if (kinds) warnOfNames(who, options as object, Object.keys(kinds))
}

/** Throws `invalid_options` for what is no session. For modules that need nothing of a session but its methods. */
export function checkSession(who: string, session: unknown): void {
  const { getSnapshot } = Object(session) as { readonly getSnapshot?: unknown }
  checkArgument(
    typeof getSnapshot === 'function',
    `${who}: the session`,
    session,
    'the session that createSession() returned',
  )
}

/** A value of the options in words, for a sentence. Not each value has a JSON, or can be made a text. */
export function inWords(value: unknown): string {
  if (typeof value === 'function') return describe(value)
  try {
    const json: unknown = JSON.stringify(value)
    return typeof json === 'string' ? json : String(value)
  } catch {
    return describe(value)
  }
}
