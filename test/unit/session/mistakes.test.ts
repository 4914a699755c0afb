// @vitest-environment happy-dom
/** Mistakes that do no harm at once: the development build says each in a sentence, the production build does the same without one. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SessionError, type SessionErrorCode } from '../../../src/errors.js'
import { createFetch } from '../../../src/fetch.js'
import { createSession } from '../../../src/index.js'
import { cookieSession } from '../../../src/servers/cookie.js'
import { customServer } from '../../../src/servers/custom.js'
import { oauth } from '../../../src/servers/oauth.js'
import { idbTokens } from '../../../src/tokens/stores/idb.js'
import type { Session, SessionOptions } from '../../../src/types.js'
import { warningDialog } from '../../../src/ui/dialog/dialog.js'
import { DEVELOPMENT } from '../../../src/util/development.js'
import { createWorld, MINUTE, outcome } from './world.js'

let said: string[] = []
beforeEach(() => {
  said = []
  vi.spyOn(console, 'warn').mockImplementation((text: string) => void said.push(text))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** What the development build says; production says nothing. */
const inDevelopment = (...texts: string[]): unknown[] =>
  DEVELOPMENT ? texts.map((text) => expect.stringContaining(text) as unknown) : []

/** JavaScript, without types. */
const untyped = (options: object): SessionOptions => options

let names = 0
/** A session of a name of its own, unless the options have one. */
const create = (options: object): Session => createSession(untyped({ name: `mistakes ${++names}`, ...options }))

describe('a wrong token endpoint', () => {
  const url = 'https://id.example/token'
  const answers: Record<string, readonly [answer: () => Response, code: SessionErrorCode, text: string]> = {
    'that is not there (404)': [
      () => new Response('', { status: 404 }),
      'server',
      'answered 404 without an OAuth error',
    ],
    'that answers with a page': [
      () => new Response('<!doctype html>', { headers: { 'Content-Type': 'text/html' } }),
      'invalid_response',
      'answered 200 without tokens',
    ],
    'that CORS hides': [
      () => {
        throw new TypeError('Failed to fetch')
      },
      'offline',
      'could not be reached. Does it allow this page by CORS',
    ],
    'that does not know the client': [
      () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      'server',
      'answered 401 invalid_client',
    ],
  }

  it.each(Object.entries(answers))('a wrong token endpoint %s is told at the first failure', async (_name, answer) => {
    const [respond, code, text] = answer
    const world = createWorld()
    const server = oauth({ tokenEndpoint: url, clientId: 'app', fetch: async () => respond() })
    const tab = await world.signedIn({ server })
    expect(await world.until(outcome(tab.session.getAccessToken({ forceRefresh: true })))).toBe(code)
    expect(said).toEqual(inDevelopment(`sojourn: tokenEndpoint (${url}) ${text}`))
    expect(tab.phase()).toBe('active')
  })

  it('an endpoint of a backend that CORS hides is told as well, and not while the browser is offline', async () => {
    const fetch = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'))
    const server = cookieSession({ check: 'https://app.example/session', fetch })
    const ask = (): Promise<unknown> => outcome(server.check!({ signal: new AbortController().signal }))
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValueOnce(false)
    await ask()
    expect(said).toEqual([])
    await ask()
    expect(said).toEqual(inDevelopment('sojourn: check (https://app.example/session) could not be reached'))
  })
})

describe('a misspelt name', () => {
  it.each([
    ['idleTimeOut', 'Did you mean idleTimeout?'],
    ['warnbefore', 'Did you mean warnBefore?'],
    ['tokenstore', 'Did you mean tokenStore?'],
    ['timeout', 'so it has no effect.'],
  ])('a misspelt option is told, with the one that is meant: %s', (option, text) => {
    create({ [option]: false }).destroy()
    expect(said).toEqual(inDevelopment(`sojourn: createSession: there is no option ${option}, so it has no effect.`))
    expect(said.every((one) => one.endsWith(text))).toBe(true)
  })

  it('a misspelt option of a function is told as well, once', () => {
    const session = create({})
    const options = { origin: ['https://api.example.com'] }
    createFetch(session, options as object)
    createFetch(session, options as object)
    warningDialog(session, { text: {} } as object)()
    cookieSession({ keepalive: '/alive' } as object)
    oauth({ clientId: 'app', tokenEndPoint: '/t', tokenEndpoint: '/token' } as never)
    customServer({ signout: () => Promise.resolve() } as object)
    void session.signIn(undefined, { logn: 'x' } as object)
    session.destroy()
    expect(said).toEqual(
      inDevelopment(
        'createFetch: there is no option origin, so it has no effect. Did you mean origins?',
        'warningDialog: there is no option text, so it has no effect. Did you mean texts?',
        'cookieSession: there is no option keepalive, so it has no effect. Did you mean keepAlive?',
        'oauth: there is no option tokenEndPoint, so it has no effect. Did you mean tokenEndpoint?',
        'customServer: there is no option signout, so it has no effect. Did you mean signOut?',
        'signIn: there is no option logn, so it has no effect. Did you mean login?',
      ),
    )
  })

  it('a server and a store of one’s own may have other members', () => {
    customServer({ refresh: () => Promise.resolve({ access_token: 'a' }), cache: new Map(), url: '/token' } as never)
    expect(said).toEqual([])
  })

  it('a misspelt event is refused with a sentence', () => {
    const session = create({})
    const listen = (): unknown => session.on('signedout' as never, () => undefined)
    const error = outcome(Promise.resolve().then(listen))
    session.destroy()
    return expect(error).resolves.toEqual(DEVELOPMENT ? 'invalid_options' : expect.any(Function))
  })

  it('a misspelt code of an error is told, because nothing looks for it', () => {
    const error = new SessionError('reject' as SessionErrorCode)
    expect(error.code).toBe('reject')
    expect(said).toEqual(
      inDevelopment('SessionError: there is no code reject, and nothing looks for it. Did you mean rejected?'),
    )
  })
})

describe('two session objects of one name in one page', () => {
  const name = 'twins'

  it('two session objects of one name with different options are told, with the options', () => {
    const one = create({ name, idleTimeout: '15m' })
    const same = create({ name, idleTimeout: 15 * MINUTE })
    expect(said).toEqual([])
    const other = create({ name, idleTimeout: '20m', stalePage: 'event', server: cookieSession({ check: '/check' }) })
    for (const session of [one, same, other]) session.destroy()
    expect(said).toEqual(inDevelopment('two session objects of one name (twins) in this page have different options: '))
    expect(said.every((text) => text.includes(': idleTimeout, keepAliveEvery, stalePage, server. Create one'))).toBe(
      true,
    )
  })

  it('two session objects of which one is destroyed, or has another name, are none', () => {
    create({ name, idleTimeout: '15m' }).destroy()
    const [one, other] = [create({ name, idleTimeout: '30m' }), create({ idleTimeout: '5m' })]
    for (const session of [one, other]) session.destroy()
    expect(said).toEqual([])
  })
})

describe('a forgotten call or argument', () => {
  const message = (run: () => unknown): string => {
    try {
      run()
      return ''
    } catch (error) {
      const { code, message } = error as SessionError
      return `${code}: ${message}`
    }
  }
  /** The sentence in development, the option in production. */
  const refusal = (sentence: string, option: string): unknown =>
    expect.stringContaining(`invalid_options: ${DEVELOPMENT ? sentence : option}`)

  it('a store, a server or a lease that was not called is refused, and the sentence says so', () => {
    expect(message(() => create({ tokenStore: idbTokens }))).toEqual(
      refusal('tokenStore is a function that was not called (idbTokens). Give idbTokens(), or', 'tokenStore'),
    )
    expect(message(() => create({ server: cookieSession }))).toEqual(
      refusal('server is a function that was not called (cookieSession). Give', 'server'),
    )
  })

  it('a session that is missing is refused where the production build would fail later', () => {
    expect(message(() => createFetch(undefined as never))).toEqual(
      refusal('createFetch, or credentials, takes the session that createSession() returned.', ''),
    )
    expect(message(() => warningDialog(undefined as never))).toEqual(
      DEVELOPMENT
        ? refusal('warningDialog: the session is undefined. Give the session that createSession() returned.', '')
        : expect.stringContaining('undefined: '),
    )
  })
})

describe('a number that is too small', () => {
  it.each(['idleTimeout', 'absoluteTimeout', 'keepAliveEvery', 'refreshBefore', 'requestTimeout'])(
    'a number that is too small to be meant is told: %s: 15',
    (option) => {
      create({ [option]: 15 }).destroy()
      expect(said.filter((text) => text.includes('createSession'))).toEqual(
        inDevelopment(`sojourn: createSession: ${option} is 15, which is 15 ms. Did you mean '15s' or '15m'?`),
      )
    },
  )

  it('a number that is small and has a unit, or is 0, is meant', () => {
    create({ refreshBefore: 0, keepAliveEvery: '15ms' }).destroy()
    expect(said).toEqual([])
  })

  it('minValidity and the limits of signIn() are told as well', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    await world.until(tab.session.getAccessToken({ minValidity: 60 }))
    await world.until(tab.session.signIn(world.grant(), { idleTimeout: 600 }))
    expect(said).toEqual(inDevelopment('getAccessToken: minValidity is 60, which', 'signIn: idleTimeout is 600, which'))
  })
})

describe('a check that extends the session', () => {
  it('a check that extends the session is told when three replies in a row are the same', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['check'] })
    world.server.times = { idleExpiresIn: 900 }
    await world.advance('1h')
    expect(tab.warnings).toEqual(inDevelopment('sojourn: three times check was answered 900 s, though nobody did'))
  })
})
