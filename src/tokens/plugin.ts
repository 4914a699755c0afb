import { backgroundRefreshAt } from '../core/deadlines.js'
import type { SharedRecord } from '../core/record.js'
import { sessionError } from '../errors.js'
import { createSignInLock } from '../plugins/sign-in-lock.js'
import { createLocks } from '../plugins/locks.js'
import { createVerify } from '../plugins/verify.js'
import { latestOf, whileOpen, type SessionContext } from '../session/context.js'
import type { Plugin, PluginHooks } from '../session/plugin.js'
import type { StoredTokens, TokenResponse, TokenSession, TokenStore } from '../types.js'
import { checkArgument, checkOptions } from '../util/arguments.js'
import { abortable, sleep } from '../util/async.js'
import { DEVELOPMENT } from '../util/development.js'
import { milliseconds } from '../util/duration.js'
import { warnOfShortLengths } from '../util/hints.js'
import { lockWait, PROPAGATION_DELAY } from '../util/timing.js'
import { createCleanup } from './cleanup.js'
import { createRefresh } from './refresh.js'
import { createTokenCache } from './token-cache.js'
import { parseTokenResponse } from './token-response.js'
import { createTokenWriter } from './token-writer.js'
import type { TokensContext } from './tokens-context.js'

const SWEEP_WAIT = 15e3

/** The session that each store without `forSession` serves. */
const served = /* @__PURE__ */ new WeakMap<TokenStore, string>()

/** Throws for a store without parts that serves another session: it keeps one set of tokens, and they would remove each other's. */
function checkStore({ name, tokenStore }: SessionContext): void {
  if (!tokenStore) return
  const other = served.get(tokenStore) ?? name
  if (other !== name)
    throw sessionError(
      'invalid_options',
      DEVELOPMENT
        ? `The sessions ${other} and ${name} have one tokenStore without forSession(). Give each its own.`
        : 'tokenStore',
    )
  served.set(tokenStore, name)
}

/** Keeps the tokens of a session: one store, one refresh for all tabs, and nothing left of them after the end. */
export const tokens: Plugin = (session) => {
  let sessionEnd = new AbortController()
  const context: TokensContext = Object.assign(session, { ended: () => sessionEnd.signal })
  const { ports, config, tokenStore } = context
  checkStore(context)
  const locks = createLocks(context)
  const withLock = createSignInLock(locks)
  const cache = createTokenCache(tokenStore, ports.after, () => {
    context.degraded('tokenStore', DEVELOPMENT && 'Tokens stay in the memory of this tab.')
  })
  const { clearAndRevoke, clearLeftovers } = createCleanup(context, cache)
  const writer = createTokenWriter(context, cache, clearAndRevoke)
  const refresh = createRefresh(context, cache, locks, writer)

  const add = async (id: string, given: TokenResponse, givenAt: number): Promise<void> => {
    let unstored: TokenResponse | null = given
    /** Once the tokens are on their way into the store, `destroy()` does not stop them. */
    let live = (of: string): SharedRecord => {
      live = latestOf.bind(null, context)
      return context.requireLive(of)
    }
    try {
      const lifetimes = await writer.storeGiven(id, given, givenAt, async () => {
        // Somebody else may have signed in, while the page was frozen: those tokens are to stay.
        unstored = given
        await writer.clearForeign(id)
        const { generation } = live(id)
        unstored = null
        return generation
      })
      latestOf(context, id)
      context.step('setTokens', id, () => lifetimes, true)
      context.requireLive(id)
    } catch (error) {
      // Only the tokens of a session that is over are removed: a tab that is merely closed leaves them to the others.
      if (context.liveRecord()?.id !== id) await clearAndRevoke(id, undefined, unstored)
      throw error
    }
  }

  const methods: Pick<TokenSession, 'setTokens' | 'getAccessToken' | 'getIdToken'> = {
    async setTokens(tokens) {
      await context.ready
      const given = parseTokenResponse(tokens)
      const { id } = context.requireLive()
      const givenAt = ports.wallNow()
      await withLock(() => add(id, given, givenAt))
      // Listeners are called now that the lock is free.
      context.poll()
    },
    async getAccessToken(options = {}) {
      if (DEVELOPMENT) {
        checkOptions('getAccessToken', options, {
          forceRefresh: 'boolean',
          resource: 'string',
          minValidity: 'any',
          signal: 'any',
        })
        warnOfShortLengths('getAccessToken', options, ['minValidity'])
        const isSignal = !options.signal || 'aborted' in Object(options.signal)
        checkArgument(isSignal, 'getAccessToken: signal', options.signal, 'an AbortSignal, or leave it out')
      }
      const { minValidity = 0, forceRefresh, resource, signal } = options
      const least = milliseconds(minValidity, 'minValidity')
      await abortable(context.ready, signal)
      const stored = await abortable(
        whileOpen(context, refresh.getUsable(least, forceRefresh, undefined, resource)),
        signal,
      )
      return stored.tokens.access_token
    },
    async getIdToken() {
      await context.ready
      let stored: StoredTokens | null = null
      for (let tries = 0; !stored && tries < 2; tries++) {
        // Those of a sign-in elsewhere may be on their way.
        if (tries) await sleep(ports.after, PROPAGATION_DELAY, context.signal())
        const record = context.liveRecord()
        if (!record?.generation) return null
        stored = await whileOpen(context, cache.get(record.id, record.generation))
      }
      return stored?.tokens.id_token ?? null
    },
  }

  return {
    methods,
    withLock,
    tokens: {
      parse: parseTokenResponse,
      store: (id, given, givenAt) => writer.storeGiven(id, given, givenAt, () => Promise.resolve(0)),
      add,
      discard: (id, given) => clearAndRevoke(id, 'signOut', given),
      use: refresh.getUsable,
      newer: refresh.refreshBeyond,
    },
    ...(config.canRefresh &&
      !config.canCheck && {
        verify: createVerify(context, locks, async (id) => {
          context.step('claimed', id, (_record, askedAt) => ({ askedAt }))
          // A refresh that is under way, in any tab, was sent before this call: its reply may be older than what the call is for.
          await locks.refreshLock(lockWait(config.requestTimeout), () => Promise.resolve())
          return refresh.refreshBeyond(id, context.requireLive(id).generation)
        }),
      }),
    started: (isLive) => (isLive ? refresh.findLost() : locks.refreshLock(SWEEP_WAIT, clearLeftovers)),
    look(record, at) {
      const refreshAt = backgroundRefreshAt(record, config)
      if (refreshAt <= at) refresh.refreshInBackground(record)
      return [refreshAt]
    },
    wake(cause) {
      // After the step that this hint causes.
      if (cause === 'online') void Promise.resolve().then(refresh.retryMissed)
    },
    async ended(id, reason, endedHere) {
      sessionEnd.abort()
      sessionEnd = new AbortController()
      // Web storage has no compare-and-delete: a tab that only heard of the end waits, so that the ending tab removes the tokens
      // first, and those of the next session can be read here.
      if ((!endedHere || reason === 'replaced') && tokenStore?.shared) {
        await new Promise<void>((resolve) => {
          ports.after(PROPAGATION_DELAY, resolve)
        })
      }
      await clearAndRevoke(id, reason)
    },
  } satisfies PluginHooks
}
