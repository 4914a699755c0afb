/** What no application means to give, for every public function: each says in a sentence what is wrong, and what to give. */
import { describe, expect, it } from 'vitest'
import * as library from '../../src/global.js'
import * as loginModule from '../../src/login.js'
import * as testing from '../../src/testing.js'
import * as otel from '../../src/otel.js'
import * as inspector from '../../src/ui/inspector/inspector.js'
import { createWorld } from './session/world.js'

/** As JavaScript calls it: without types. */
type Call = (...args: unknown[]) => unknown

const all = { ...library, ...testing, ...inspector, ...otel, ...loginModule } as unknown as Readonly<
  Record<string, Call>
>
const call =
  (name: string, ...args: unknown[]) =>
  (): unknown =>
    all[name]!(...args)
/** The function takes the session first. */
const withSession =
  (name: string, ...args: unknown[]) =>
  (): unknown =>
    all[name]!(session, ...args)
const method =
  (name: string, ...args: unknown[]) =>
  (): unknown =>
    (session as unknown as Readonly<Record<string, Call>>)[name]!(...args)

const world = createWorld()
const { session } = await world.signedIn()

const auth = loginModule.login({
  issuer: 'https://id.example.com',
  clientId: 'app',
  redirectUri: 'https://app.example',
})

const noop = (): void => undefined
const nobody = Object.create(null) as object
const cyclic: unknown[] = []
cyclic.push(cyclic)
/** What is neither a function nor an object of options. */
const strangers: readonly unknown[] = [null, 7, 'text', true, 7n, Symbol('any')]

type Row = readonly [name: string, what: string, run: () => unknown]

const inWords = (value: unknown): string =>
  typeof value === 'object' && value ? `an object of ${Object.keys(value).join()}` : String(value)
/** One row for each value. */
const each = (
  name: string,
  place: string,
  values: readonly unknown[],
  run: (value: unknown) => () => unknown,
): readonly Row[] => values.map((value) => [name, `${place} ${inWords(value)}`, run(value)])
const members = (
  name: string,
  given: readonly Readonly<Record<string, unknown>>[],
  run: (value: unknown) => () => unknown,
): readonly Row[] => each(name, 'options', given, run)

const noSession = [undefined, {}, ...strangers]
const TAKES_SESSION = [
  'adoptPage',
  'companionCookie',
  'connect',
  'createFetch',
  'credentials',
  'eachSession',
  'journal',
  'remainingSeconds',
  'sessionData',
  'sessionInspector',
  'sessionProvider',
  'warningDialog',
  'watchRemaining',
]

const rows: readonly Row[] = [
  ...TAKES_SESSION.flatMap((name) =>
    each(name, 'session', noSession, (value) =>
      call(name, value, name === 'companionCookie' ? 'signed-in' : noop, noop),
    ),
  ),
  ...each('defineSessionWarning', 'session', [{}, ...strangers], (value) => call('defineSessionWarning', value)),
  ...each('defineSessionWarning', 'name', [null, 7], (value) => withSession('defineSessionWarning', value)),
  ...each('companionCookie', 'name', [undefined, '', 'a b', ...strangers.filter((one) => one !== 'text')], (value) =>
    withSession('companionCookie', value),
  ),
  ...each('eachSession', 'start', [undefined, {}, ...strangers], (value) => withSession('eachSession', value)),
  ...each('watchRemaining', 'listener', [undefined, {}, ...strangers], (value) => withSession('watchRemaining', value)),

  ...each('connect', 'run', [undefined, {}, ...strangers], (value) => withSession('connect', value)),
  ...each('connect', 'options', strangers, (value) => withSession('connect', noop, value)),
  ...members(
    'connect',
    [{ one: 'devise' }, { one: true }, { hold: 'yes' }, { name: 7n }, { isRefused: 401 }, { onState: {} }],
    (value) => withSession('connect', noop, value),
  ),
  ...each('webSocket', 'options', [undefined, {}, ...strangers], (value) => call('webSocket', 'wss://any', value)),
  ...members(
    'webSocket',
    [{ receive: 'text' }, { receive: noop, open: 'token' }, { receive: noop, renew: 7 }],
    (value) => call('webSocket', 'wss://any', value),
  ),
  ...each('eventStream', 'fetch', [undefined, {}, ...strangers], (value) => call('eventStream', value, '/news', noop)),
  ...each('eventStream', 'receive', [undefined, {}, ...strangers], (value) =>
    call('eventStream', noop, '/news', value),
  ),

  ...each('createFetch', 'options', strangers, (value) => withSession('createFetch', value)),
  ...members(
    'createFetch',
    [{ fetch: 7 }, { origins: null }, { origins: '*' }, { origins: [nobody] }, { origins: [7n] }],
    (value) => withSession('createFetch', value),
  ),
  ...each(
    'credentials',
    'request',
    [undefined, ...strangers],
    (value) => () => library.credentials(session).authorize(value as Request),
  ),
  ...each(
    'credentials',
    'previous',
    [7, {}, { request: {} }],
    (value) => () => library.credentials(session).authorize(new Request('http://any'), value as never),
  ),

  ...each('journal', 'options', strangers, (value) => withSession('journal', value)),
  ...members('journal', [{ keep: 0 }, { keep: 'all' }, { marks: 'paid' }, { marks: [7n] }, { send: {} }], (value) =>
    withSession('journal', value),
  ),
  ...each(
    'journal',
    'mark',
    [undefined, ...strangers],
    (value) => () => library.journal(session, { marks: ['paid'] }).mark(value as string),
  ),

  ...each('sessionProvider', 'observer', [undefined, noop, ...strangers, { onSessionEnded: 7 }], (value) => () => {
    otel.sessionProvider(session).addObserver(value as object)
  }),

  ...each('warningDialog', 'options', strangers, (value) => withSession('warningDialog', value)),
  ...members(
    'warningDialog',
    [{ texts: 'text' }, { locale: 7 }, { container: 'body' }, { titleCountdown: 'no' }],
    (value) => withSession('warningDialog', value),
  ),
  ...each('sessionInspector', 'options', strangers, (value) => withSession('sessionInspector', value)),
  ...members('sessionInspector', [{ container: 'body' }, { actions: noop }, { journal: 7 }], (value) =>
    withSession('sessionInspector', value),
  ),

  ...each('createSession', 'options', strangers, (value) => call('createSession', value)),
  ...members(
    'createSession',
    [
      { name: 7n },
      { name: cyclic },
      { name: nobody },
      { idleTimeout: 7n },
      { idleTimeout: nobody },
      { idleTimeout: ['15m'] },
      { server: () => 'text' },
      { tokenStore: cyclic },
      { stalePage: 7n },
    ],
    (value) => call('createSession', value),
  ),
  ...each(
    'createSessionWith',
    'options',
    strangers,
    (value) => () => testing.createSessionWith(world.page().ports, value as object),
  ),
  ...each('createWorld', 'options', strangers, (value) => call('createWorld', value)),
  ...members('createWorld', [{ engine: 7 }, { random: 0.5 }, { ports: {} }, { drain: true }], (value) =>
    call('createWorld', value),
  ),
  ...each('createWorld', 'options of a tab', strangers, (value) => () => world.tab(value as object)),

  ...each('customServer', 'hooks', [undefined, [], ...strangers], (value) => call('customServer', value)),
  ...members('customServer', [{ refresh: 7 }, { check: '/session' }, { signOut: {} }, { challenge: true }], (value) =>
    call('customServer', value),
  ),
  ...each('adoptPage', 'page', [undefined, {}, [], ...strangers], (value) => withSession('adoptPage', value)),
  ...members(
    'adoptPage',
    [{ login: '', at: 1 }, { login: 7n, at: 1 }, { login: null, at: 'now' }, { login: null }, { at: 1 }],
    (value) => withSession('adoptPage', value),
  ),
  ...each('customTokens', 'store', [undefined, {}, [], ...strangers], (value) => call('customTokens', value)),
  ...members(
    'customTokens',
    [
      { get: noop, set: noop },
      { get: noop, set: noop, clear: 7 },
    ],
    (value) => call('customTokens', value),
  ),
  ...each('customDpop', 'proofs', [undefined, {}, [], ...strangers], (value) => call('customDpop', value)),
  ...members(
    'customDpop',
    [
      { prepare: noop, proof: noop },
      { prepare: noop, proof: noop, nonce: 7 },
    ],
    (value) => call('customDpop', value),
  ),
  ...each('cookieSession', 'options', [undefined, ...strangers], (value) => call('cookieSession', value)),
  ...members(
    'cookieSession',
    [
      { headers: null },
      { headers: 7 },
      { times: 7 },
      { fetch: {} },
      { isOver: 401 },
      { check: nobody },
      { check: 7n },
      { check: Symbol('any') },
    ],
    (value) => call('cookieSession', value),
  ),
  ...each('oauth', 'options', [undefined, {}, ...strangers], (value) => call('oauth', value)),
  ...members(
    'oauth',
    [{ clientId: 7 }, { parameters: 'a=b' }, { dpop: true }, { fetch: {} }, { tokenEndpoint: nobody }, {}].map(
      (one) => ({
        issuer: 'https://id.example.com',
        ...one,
      }),
    ),
    (value) => call('oauth', value),
  ),
  ...each('login', 'options', [undefined, {}, ...strangers], (value) => call('login', value)),
  ...members(
    'login',
    [
      { clientId: 7 },
      { clientId: '' },
      { issuer: 'id.example' },
      { issuer: nobody },
      { redirectUri: 7 },
      { scope: 7 },
      { scope: 'profile' },
      { parameters: 'a=b' },
      { dpop: true },
    ].map((one) => ({ issuer: 'https://id.example.com', clientId: 'app', redirectUri: 'https://app.example', ...one })),
    (value) => call('login', value),
  ),
  ...each('login.start', 'options', strangers, (value) => () => auth.start(value as object)),
  ...members(
    'login.start',
    [
      { prompt: 7 },
      { maxAge: 'soon' },
      { acrValues: ['gold'] },
      { loginHint: {} },
      { returnTo: 7n },
      { returnTo: nobody },
    ],
    (value) => () => auth.start(value as object),
  ),
  ...each('login.finish', 'session', noSession, (value) => () => auth.finish(value as never)),
  ...each('login.end', 'session', noSession, (value) => () => auth.end(value as never)),

  ...each('dpop', 'options', strangers, (value) => call('dpop', value)),
  ...members('dpop', [{ name: 7 }, { keyPair: 'text' }], (value) => call('dpop', value)),
  ...each('idbTokens', 'options', strangers, (value) => call('idbTokens', value)),
  ...members('idbTokens', [{ encrypt: true }, { decrypt: 7n }], (value) => call('idbTokens', value)),
  ...each('webStorageTokens', 'storage', [{}, ...strangers], (value) => call('webStorageTokens', value)),
  ...each('webStorageTokens', 'key', [null, 7], (value) => call('webStorageTokens', noop, value)),

  ...each('session.on', 'event', [undefined, 'signedout', 'toString', ...strangers], (value) =>
    method('on', value, noop),
  ),
  ...each('session.on', 'listener', [undefined, {}, ...strangers], (value) => method('on', 'signedOut', value)),
  ...each('session.subscribe', 'listener', [undefined, {}, ...strangers], (value) => method('subscribe', value)),
  ...each(
    'session.inspect',
    'listener',
    [undefined, {}, ...strangers].filter((one) => one !== 7),
    (value) => method('inspect', value),
  ),
  ...each('session.watch', 'window', [undefined, {}, ...strangers], (value) => method('watch', value)),
  ...each('session.signIn', 'options', strangers, (value) => method('signIn', world.grant(), value)),
  ...members(
    'session.signIn',
    [
      { login: 7n },
      { login: '' },
      { login: null },
      { keepData: 'yes' },
      { idleTimeout: nobody },
      { absoluteTimeout: 0 },
    ],
    (value) => method('signIn', world.grant(), value),
  ),
  ...each('session.getAccessToken', 'options', strangers, (value) => method('getAccessToken', value)),
  ...members(
    'session.getAccessToken',
    [{ minValidity: nobody }, { minValidity: 7n }, { forceRefresh: 'yes' }, { signal: 7 }, { signal: {} }],
    (value) => method('getAccessToken', value),
  ),
]

/** What a server sends is no option. */
const responses: readonly Row[] = ['signIn', 'setTokens'].flatMap((name) =>
  each(`session.${name}`, 'tokens', [{}, [], nobody, ...strangers], (value) => method(name, value)),
)
const idTokens: readonly Row[] = each('decodeClaims', 'ID token', [undefined, {}, nobody, ...strangers], (value) =>
  call('decodeClaims', value),
)

describe('a bad argument', () => {
  const check = async (run: () => unknown, code: string): Promise<void> => {
    const error: unknown = await new Promise((resolve) => resolve(run())).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'SessionError', code })
    // Sentences, and not the code, which is what the production build has; then where the code is explained.
    expect((error as Error).message).toMatch(
      new RegExp(`^\\S+ .+ .+\\. See https://\\S+/troubleshooting\\.md#${code}$`),
    )
    // No part of it is empty.
    expect((error as Error).message).not.toMatch(/^[ .,:]| [ .,:]|""|''/)
  }

  it.each(rows)('%s refuses it: %s', async (_name, _what, run) => check(run, 'invalid_options'))

  it.each(responses)('%s refuses what is no token response: %s', async (_name, _what, run) =>
    check(run, 'invalid_response'),
  )

  it.each(idTokens)('%s refuses what is no ID token: %s', async (_name, _what, run) => check(run, 'invalid_response'))

  it('changes nothing', () => {
    expect(session.getSnapshot()).toMatchObject({ phase: 'active' })
  })

  it('is tried with every public function that takes any', () => {
    const tried = new Set([...rows, ...responses, ...idTokens].map(([name]) => name))
    const without = ['SessionError', 'isSessionError', 'memoryTokens', 'playgroundActions']
    const methods = Object.keys(session).flatMap((name) => {
      const member: unknown = Reflect.get(session, name)
      return typeof member === 'function' && member.length > 0 ? [`session.${name}`] : []
    })
    const names = Object.keys(all).filter((name) => typeof all[name] === 'function' && !without.includes(name))
    expect([...names, ...methods].filter((name) => !tried.has(name))).toEqual([])
  })
})

describe('a missing argument', () => {
  it('may be null in options', () => {
    expect(() => library.createFetch(session, { fetch: null } as never)).not.toThrow()
    expect(() =>
      library.connect(session, () => new Promise(noop), { onState: null, name: null } as never)(),
    ).not.toThrow()
  })
})

describe('a test that prints a session', () => {
  it('adds no listener by it', () => {
    const tab = world.tab()
    // It fails, and its message has the session in it, which chai prints by `session.inspect(depth)`.
    expect(() => expect(tab.session).toBeInstanceOf(Map)).toThrow()
    tab.session.check()
    expect(tab.reports).toEqual([])
  })
})
