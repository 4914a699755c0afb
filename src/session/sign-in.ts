import { shortening } from '../core/changes.js'
import { fingerprint } from '../core/fingerprint.js'
import { ANONYMOUS } from '../core/record.js'
import { sessionError } from '../errors.js'
import type { Duration, Session, SignInOptions, TokenResponse } from '../types.js'
import { checkOptions } from '../util/arguments.js'
import { milliseconds } from '../util/duration.js'
import type { SessionContext } from './context.js'
import type { PluginHooks } from './plugin.js'
import { DEVELOPMENT } from '../util/development.js'

/** How a session begins. */
export interface SignIn extends Pick<Session, 'signIn'> {
  /** Gives up sign-ins that are under way. */
  readonly cancel: () => void
}

/** The arguments of `signIn`, checked. */
interface Request {
  /** A fingerprint; empty where no login was given. */
  readonly login: string
  readonly limits: { readonly idleTimeout: number; readonly absoluteTimeout: number }
  readonly given: TokenResponse | null
  /** The life of a token is counted from here: the lock may be long in coming. */
  readonly givenAt: number
  readonly isWanted: () => boolean
  readonly keepData: boolean | undefined
}

export function createSignIn(context: SessionContext, hooks: readonly PluginHooks[]): SignIn {
  /** Counts what cancels a sign-in that is under way. */
  let cancelCount = 0
  const withLock = hooks.find((hook) => hook.withLock)?.withLock ?? ((work) => work())

  const shorten = ({ limits }: Request, record = context.liveRecord()): void => {
    if (record) context.step('limits', record.id, shortening(limits), true)
  }

  /** The session of this login goes on, or has ended: there is nothing to do, and nothing to wait for. */
  const resume = (request: Request): void => {
    const record = context.liveRecord()
    const look = (): void => {
      shorten(request, record)
      context.poll()
      for (const hook of hooks) hook.continued?.()
    }
    // A prerendered page need not wait with its first render.
    const opening = context.opening()
    if (opening) void opening.then(look)
    else look()
  }

  /** A server renders a page with the login of its time: a sign-in since then has the last word. */
  const waitForOpening = async (opening: Promise<unknown>, { login, given }: Request): Promise<void> => {
    const found = context.liveRecord()?.id
    await opening
    const record = context.liveRecord()
    if (!record || record.id === found || context.hasLogin(login)) return
    await context.tokens()?.discard(context.ports.id(), given)
    throw sessionError(
      'signed_out',
      DEVELOPMENT && 'Somebody signed in after this page was prerendered, and before it was opened.',
    )
  }

  /** Under the lock: another tab may have signed in meanwhile. */
  const begin = async (request: Request): Promise<void> => {
    const { login, limits, given, givenAt, isWanted, keepData } = request
    const tokens = context.tokens()
    const continues = context.hasLogin(login)
    const record = context.liveRecord()
    if (continues && record) {
      if (given) await tokens?.add(record.id, given, givenAt)
      shorten(request)
    }
    // Without tokens it may be called on every page load, also after the end.
    if (continues && (record || !given)) return
    const id = context.ports.id()
    const mayBegin = (): boolean => isWanted() && !continues
    const mayStore = mayBegin() && !context.isClosed()
    const times = given && mayStore ? await tokens?.store(id, given, givenAt) : null
    // Tokens that have replaced others in the store begin their session after `destroy()` as well: the others cannot be restored.
    if (mayStore && mayBegin()) {
      if (keepData) {
        if (DEVELOPMENT && !context.data)
          context.ports.warn(
            'sojourn: keepData took over nothing. Call sessionData(session) of sojourn/data on this page before signIn().',
          )
        context.data?.take()
      }
      context.startSession({ id, ...limits, ...times, login: login || (times?.login ?? ANONYMOUS) })
      if (!context.isClosed()) return
    }
    // A page that is merely done with its session object may bring the same tokens again: they are not revoked.
    if (!mayBegin()) await tokens?.discard(id, given)
    throw sessionError(
      'signed_out',
      DEVELOPMENT && `${isWanted() ? 'destroy' : 'signOut'}() came before this sign-in was done.`,
    )
  }

  return {
    cancel() {
      cancelCount++
    },
    async signIn(tokens, options = {}) {
      if (DEVELOPMENT) checkOptions('signIn', options, { keepData: 'boolean' })
      const given = parseTokens(context, tokens)
      const login = parseLogin(options)
      const limits = {
        idleTimeout: limitOf('signIn: idleTimeout', options.idleTimeout),
        absoluteTimeout: limitOf('signIn: absoluteTimeout', options.absoluteTimeout),
      }
      // A sign-out that is called next is to find it under way.
      const before = cancelCount
      const loading = context.loading()
      if (loading) await loading
      const continues = context.hasLogin(login)
      if (continues && !context.liveRecord() && given)
        throw sessionError(
          'invalid_options',
          DEVELOPMENT
            ? 'signIn: the session of this login has ended, and no login revives it. Give what the server makes anew for each login.'
            : 'login',
        )
      const request = {
        ...{ login, limits, given, givenAt: context.ports.wallNow() },
        ...{ isWanted: () => cancelCount === before, keepData: options.keepData },
      }
      if (!given && continues) {
        resume(request)
        return
      }
      const opening = context.opening()
      if (opening) await waitForOpening(opening, request)
      await withLock(() => begin(request))
      // Listeners are called now that the lock is free.
      context.poll()
    },
  }
}

function parseTokens(context: SessionContext, tokens: unknown): TokenResponse | null {
  if (tokens === undefined) return null
  const parse = context.tokens()?.parse
  if (parse) return parse(tokens)
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
function limitOf(option: string, value: Duration | undefined): number {
  if (value === undefined) return Infinity
  const ms = milliseconds(value, option)
  if (ms > 0) return ms
  throw sessionError(
    'invalid_options',
    DEVELOPMENT ? `${option} is ${String(value)}. Give more than 0, or leave it out.` : option,
  )
}
