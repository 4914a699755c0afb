import { begin as beginSession, shortening } from '../core/changes.js'
import { fingerprint } from '../core/fingerprint.js'
import { ANONYMOUS } from '../core/record.js'
import { sessionError } from '../errors.js'
import type { Session, SignInOptions, TokenResponse } from '../types.js'
import { checkOptions } from '../util/arguments.js'
import { milliseconds } from '../util/duration.js'
import { warnOfShortLengths } from '../util/hints.js'
import type { SessionContext } from './context.js'
import type { PluginHooks } from './plugin.js'
import type { TokenHooks } from './token-hooks.js'
import { DEVELOPMENT } from '../util/development.js'

/** How a session begins. */
export interface SignIn extends Pick<Session, 'signIn'> {
  /** Gives up sign-ins that are under way. */
  readonly cancel: () => void
}

export function createSignIn(context: SessionContext, hooks: readonly PluginHooks[]): SignIn {
  /** Counts what cancels a sign-in that is under way. */
  let cancelCount = 0
  const withLock = hooks.find((hook) => hook.withLock)?.withLock ?? ((work) => work())
  const { ports, hasLogin, liveRecord } = context

  return {
    cancel() {
      cancelCount++
    },
    async signIn(response, options = {}) {
      if (DEVELOPMENT) {
        const limits = { idleTimeout: 'any', absoluteTimeout: 'any' } as const
        checkOptions('signIn', options, { login: 'any', keepData: 'boolean', ...limits })
        warnOfShortLengths('signIn', options, Object.keys(limits))
      }
      const tokens = context.tokens()
      const given = parseTokens(tokens, response)
      const login = parseLogin(options)
      const { keepData } = options
      const limits = {
        idleTimeout: limitOf('idleTimeout', options),
        absoluteTimeout: limitOf('absoluteTimeout', options),
      }
      // A sign-out that is called next is to find it under way.
      const before = cancelCount
      const isWanted = (): boolean => cancelCount === before
      /** The life of a token is counted from here: the other tabs may be long in answering, and the lock in coming. */
      const givenAt = ports.hasPage ? ports.wallNow() : 0
      const loading = context.loading()
      if (loading) await loading
      const isContinued = hasLogin(login)

      const shorten = (record = liveRecord()): void => {
        if (record) context.step('limits', record.id, shortening(limits), true)
      }

      /** The session of this login goes on, or has ended: there is nothing to do, and nothing to wait for. */
      const resume = (): void => {
        const record = liveRecord()
        const look = (): void => {
          shorten(record)
          context.poll()
          for (const hook of hooks) hook.continued?.()
        }
        // A prerendered page need not wait with its first render.
        const opening = context.opening()
        if (opening) void opening.then(look)
        else look()
      }

      /** Under the lock: another tab may have signed in meanwhile. */
      const begin = async (): Promise<void> => {
        const continues = hasLogin(login)
        const record = liveRecord()
        if (continues && record && given) await tokens?.add(record.id, given, givenAt)
        // Without tokens it may be called on every page load, also after the end.
        if (continues && (record || !given)) {
          shorten()
          return
        }
        const id = ports.id()
        // A server renders a page with the login of its time: a sign-in since then has the last word.
        const isOutdated = opening && record && record.id !== foundId
        const mayBegin = (): boolean => isWanted() && !continues && !isOutdated
        const mayStore = mayBegin() && !context.isClosed()
        const times = given && mayStore ? await tokens?.store(id, given, givenAt) : null
        // Tokens that have replaced others in the store begin their session after `destroy()` as well: the others cannot be
        // restored.
        if (mayStore && mayBegin()) {
          if (keepData) {
            if (DEVELOPMENT && !context.data)
              ports.warn(
                'sojourn: keepData took over nothing. Call sessionData(session) of sojourn/data on this page before signIn().',
              )
            context.data?.take()
          }
          const known = { id, ...limits, ...times, login: login || (times?.login ?? ANONYMOUS) }
          context.replace('signIn', (state, clock) => beginSession(state, known, clock), true)
          if (!context.isClosed()) return
          context.data?.sweep()
        }
        // A page that is merely done with its session object may bring the same tokens again: they are not revoked.
        if (!mayBegin()) await tokens?.discard(id, given)
        throw sessionError(
          'signed_out',
          DEVELOPMENT &&
            (isOutdated
              ? 'Somebody signed in after this page was prerendered, and before it was opened.'
              : `${isWanted() ? 'destroy' : 'signOut'}() came before this sign-in was done.`),
        )
      }

      if (isContinued && !given) {
        resume()
        return
      }
      if (isContinued && !liveRecord())
        throw sessionError(
          'invalid_options',
          DEVELOPMENT
            ? 'signIn: the session of this login has ended, and no login revives it. Give what the server makes anew for each login.'
            : 'login',
        )
      const opening = context.opening()
      const foundId = liveRecord()?.id
      if (opening) await opening
      await withLock(begin)
      // Listeners are called now that the lock is free.
      context.poll()
    },
  }
}

function parseTokens(tokens: TokenHooks | undefined, response: unknown): TokenResponse | null {
  if (response === undefined) return null
  if (tokens) return tokens.parse(response)
  throw sessionError(
    'invalid_options',
    DEVELOPMENT
      ? 'signIn was given tokens, but this session keeps none. Give createSession a tokenStore, such as memoryTokens().'
      : 'tokenStore',
  )
}

/** A fingerprint of a value that is no text would be the same for all, and an empty text may mean that nobody is signed in. */
function parseLogin({ login }: SignInOptions): string {
  if (login === undefined) return ''
  if (typeof login === 'string' && login) return fingerprint(login)
  throw sessionError(
    'invalid_options',
    DEVELOPMENT ? 'signIn: login is empty or no text. Give what the server makes anew for each login.' : 'login',
  )
}

/** A limit in ms, `Infinity` where none is given. */
function limitOf(name: 'idleTimeout' | 'absoluteTimeout', options: SignInOptions): number {
  const value = options[name]
  const option = `signIn: ${name}`
  if (value === undefined) return Infinity
  const ms = milliseconds(value, option)
  if (ms > 0) return ms
  throw sessionError(
    'invalid_options',
    DEVELOPMENT ? `${option} is ${String(value)}. Give more than 0, or leave it out.` : option,
  )
}
