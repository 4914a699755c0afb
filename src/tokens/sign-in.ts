import { fingerprint } from '../core/fingerprint.js'
import { shortening } from '../core/changes.js'
import { milliseconds } from '../util/duration.js'
import { failed } from '../errors.js'
import type { Host } from '../session/context.js'
import type { Ports } from '../ports/types.js'
import type { SignOut } from './cleanup.js'
import { checkTokens } from './token-response.js'
import type { Refresh } from './refresh.js'
import type { Duration, Session, TokenResponse } from '../types.js'

/** How tokens come in. */
export interface SignIn extends Pick<Session, 'signIn' | 'setTokens'> {
  /** Gives up sign-ins that are under way. */
  readonly cancel: () => void
}

const LIMIT = 5e3

export function createSignIn(host: Host, refresh: Refresh, { wipe, payDebt }: SignOut, ports: Ports): SignIn {
  /** Counts what cancels a sign-in that is under way. */
  let cancels = 0

  /** A holder of the lock that does not let go (a frozen tab) fails at the commit guard later: nothing is risked. */
  const underLock = async (work: () => Promise<void>): Promise<void> => {
    let began = false
    const once = async (): Promise<void> => {
      if (began) return
      began = true
      await work()
    }
    await host.exclusive(LIMIT, once).catch((error: unknown) => {
      if (began) throw error
      return once()
    })
    // Listeners are told now that the lock is free.
    host.look()
  }

  const add = async (id: string, given: TokenResponse, givenAt: number): Promise<void> => {
    let unstored: TokenResponse | null = given
    try {
      await refresh.tidy(id)
      const { generation } = host.live(id)
      unstored = null
      const times = await refresh.replace(id, generation, given, givenAt)
      host.latest(id)
      host.step('setTokens', id, () => times, true)
      host.live(id)
    } catch (error) {
      // Only what is over is wiped: a tab that is merely done leaves the tokens to the others.
      if (host.current()?.id !== id) await wipe(id, undefined, false, unstored)
      throw error
    }
  }

  return {
    cancel() {
      cancels++
    },
    async setTokens(tokens) {
      const given = checkTokens(tokens)
      const { id } = host.live()
      const givenAt = ports.wall()
      await underLock(() => add(id, given, givenAt))
    },
    async signIn(tokens, { login, idleTimeout, absoluteTimeout } = {}) {
      const given = tokens === undefined ? null : checkTokens(tokens)
      // Of anything else the fingerprint would be one and the same; and an empty one may mean that nobody is signed in.
      if (login !== undefined && (typeof login !== 'string' || !login))
        throw failed(
          'invalid_options',
          'signIn: login is empty or no text. Give what the server makes anew for each login.',
        )
      const limits = {
        idleTimeout: limitOf('signIn: idleTimeout', idleTimeout),
        absoluteTimeout: limitOf('signIn: absoluteTimeout', absoluteTimeout),
      }
      const hash = login ? fingerprint(login) : ''
      // A sign-out that is called next is to find it under way.
      const before = cancels
      const loading = host.loading()
      if (loading) await loading
      const continues = host.knows(hash)
      if (continues && !host.current() && given)
        throw failed(
          'invalid_options',
          'signIn: the session of this login has ended, and no login revives it. Give what the server makes anew for each login.',
        )
      const shorten = (record = host.current()): void => {
        if (record) host.step('limits', record.id, shortening(limits), true)
      }
      // On every page load of a session by cookie nothing is to be done, and nobody is to be waited for.
      if (!given && continues) {
        const record = host.current()
        const look = (): void => {
          shorten(record)
          host.look()
          // The server still knows this login: it has not heard of its end.
          void payDebt()
        }
        // A prerendered page need not wait with its first render.
        const opening = host.opening()
        if (opening) void opening.then(look)
        else look()
        return
      }
      // The life of a token is counted from here: its turn may be long in coming.
      const givenAt = ports.wall()
      const opening = host.opening()
      if (opening) {
        const found = host.current()?.id
        await opening
        const record = host.current()
        // A server renders a page with the login of its time: whoever signed in after that has the last word.
        if (record && record.id !== found && !host.knows(hash)) {
          await wipe(ports.id(), 'signOut', false, given)
          throw failed('signed_out', 'Somebody signed in after this page was prerendered, and before it was opened.')
        }
      }
      await underLock(async () => {
        const continued = host.knows(hash)
        const record = host.current()
        if (continued && record) {
          if (given) await add(record.id, given, givenAt)
          shorten()
        }
        // Without tokens it may be called on every page load, also after the end.
        if (continued && (record || !given)) return
        const id = ports.id()
        const isWanted = (): boolean => cancels === before && !continued
        const mayBegin = isWanted() && !host.isClosed()
        const times = given && mayBegin ? await refresh.replace(id, 0, given, givenAt) : null
        // What has taken the place of other tokens goes on after `destroy()` as well: nobody else could give them back.
        if (mayBegin && isWanted()) {
          host.begin({ id, login: hash, ...limits, ...times })
          if (!host.isClosed()) return
        }
        // A page that is merely done with its session object may bring the same tokens again: they are not revoked.
        if (!isWanted()) await wipe(id, 'signOut', false, given)
        throw failed('signed_out', `${cancels === before ? 'destroy' : 'signOut'}() came before this sign-in was done.`)
      })
    },
  }
}

/** A limit in ms, `Infinity` where none is given. */
function limitOf(option: string, value: Duration | undefined): number {
  if (value === undefined) return Infinity
  const ms = milliseconds(value, option)
  if (ms > 0) return ms
  throw failed('invalid_options', `${option} is ${String(value)}. Give more than 0, or leave it out.`)
}
