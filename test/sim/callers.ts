/** What callers of a session and its listeners rely on, beside the promises I1 to I19. */
import type { SessionError } from '../../src/errors.js'
import type { SessionEvents, Snapshot } from '../../src/types.js'
import { idOf, isAwake, type Actor } from './actor.js'
import { hasStoreFailed, look, onItsWay, wereTogether } from './rules.js'
import type { Excuses } from './rule-names.js'
import { type Scene } from './scene.js'

/** A failed refresh, as a `refreshFailed` event says. `at`: the time of the event. */
export interface Failure {
  readonly at: number
  readonly id: string
  readonly code: string
  readonly retryAt: number | null
}

/** What a tab showed when one of its methods was called. */
export interface Asked {
  readonly at: number
  readonly id: string
  /** The access token that all tabs shared and that was valid, if there was one. */
  readonly valid: string
  /** Whether the session had tokens that all tabs share. */
  readonly hasTokens: boolean
}

/** The valid access token of session `id` in the store that all tabs share; empty if there is none. */
function validToken(scene: Scene, id: string): string {
  const { stored } = scene.world.tokens
  if (scene.traits.store !== 'shared' || !id || stored?.id !== id) return ''
  const { access_token } = stored.tokens
  const { issuedAt = -Infinity } = scene.servers.tokenOf(access_token) ?? {}
  // A clock that was set forward cannot be told from a sleep.
  const forward = scene.jumps.reduce((sum, { at, by }) => (at >= issuedAt ? sum + Math.max(0, by) : sum), 0)
  return scene.now() + forward < issuedAt + scene.traits.tokenLife - 1e3 ? access_token : ''
}

const isShared = ({ traits, servers }: Scene): boolean =>
  servers.usesTokens && traits.store !== 'memory' && traits.server !== 'gateway'

export function asked(scene: Scene, actor: Actor): Asked {
  const id = idOf(actor.session.getSnapshot())
  const hasTokens = isShared(scene) && scene.familiesOf.has(id)
  return { at: scene.now(), id, valid: validToken(scene, id), hasTokens }
}

/** Checks the error of `getAccessToken()`. `plain`: it was called without options. */
export function tokenDenied(
  scene: Scene,
  actor: Actor,
  { at, id, valid, hasTokens }: Asked,
  error: unknown,
  plain: boolean,
): void {
  const { code, retryAt } = error as SessionError
  if (!isAwake(actor) || actor.page.prerendered) return
  look(scene)
  const shown = idOf(actor.session.getSnapshot())
  if (code === 'signed_out' || code === 'rejected')
    scene.must(
      'I7: `signed_out` and `rejected` are said of a session that is over',
      !id || shown !== id,
      () => `${actor.name} still shows ${id} (${code})`,
    )
  if (retryAt !== undefined) {
    const same = scene.failures.filter((one) => one.id === shown && Math.abs((one.retryAt ?? 0) - retryAt) < 5)
    if (same.length > 0)
      scene.must(
        'I7: an error in the back-off names the failure that caused it',
        code === 'server' || same.some((one) => one.code === code),
        () => `${actor.name} says ${code}, and the server failed with ${same.map((one) => one.code).join()}`,
      )
  }
  const life = scene.lives.get(shown)
  if (!life || shown !== id) return
  const excuses: Excuses = {
    'the token store failed': hasStoreFailed(scene, life.signInAt),
    'tabs were apart': !wereTogether(scene, life.startedAt),
  }
  if (plain && valid && validToken(scene, id) === valid)
    scene.must(
      'S25: no failure reaches a caller while a token is valid',
      false,
      () => `${actor.name}: ${code}`,
      excuses,
    )
  if (hasTokens)
    scene.must(
      'I6: a session whose tokens all tabs share has tokens',
      code !== 'no_tokens',
      () => `${actor.name}: ${Math.round(scene.now() - at)} ms after the call`,
      excuses,
    )
}

/** Notes that a valid token was returned while one was there, so that the rule is counted. */
export function tokenGiven(scene: Scene, { valid, hasTokens }: Asked, plain: boolean): void {
  if (hasTokens) scene.must('I6: a session whose tokens all tabs share has tokens', true, () => '')
  if (plain && valid) scene.must('S25: no failure reaches a caller while a token is valid', true, () => '')
}

/** An application waits until the time that an error names, and asks again: then the server is asked, or there is a token. */
export function retried(
  scene: Scene,
  actor: Actor,
  first: SessionError,
  { toldAt, dueAt }: { readonly toldAt: number; readonly dueAt: number },
  error: unknown,
): void {
  const { code, retryAt } = error as SessionError
  if (!isAwake(actor) || code === 'signed_out') return
  // For a session that began meanwhile the server is asked at once.
  const { startedAt = 0 } = scene.lives.get(idOf(actor.session.getSnapshot())) ?? {}
  const since = startedAt > toldAt ? startedAt : dueAt - 1
  const calls = scene.servers.calls.filter(({ method }) => method === 'refresh')
  const isMade = calls.some(({ at }) => at >= since)
  scene.must(
    'I7: who asks again when an error says gets an answer of the server',
    isMade || retryAt === undefined,
    () =>
      `${actor.name} is to wait another ${Math.round((retryAt ?? 0) - (first.retryAt ?? 0))} ms (${first.code}, ${code})`,
    {
      // It has waited by another clock.
      'a clock was set': scene.jumps.some(({ at }) => at >= dueAt - 60e3),
      // One that was called before: by another tab where locks do not work, or for other tokens. The wait that is named is its own.
      'another refresh failed meanwhile': scene.failures.some(
        (one) => one.at > toldAt && Math.abs((one.retryAt ?? 0) - (retryAt ?? 0)) < 5,
      ),
    },
  )
}

/** `setTokens()` has resolved: the tokens that it was given are those of the session. */
export function brought(scene: Scene, actor: Actor, { at, id }: Asked, family: string, text: string): void {
  if (!isAwake(actor)) return
  look(scene)
  const shown = idOf(actor.session.getSnapshot())
  const others = scene.broughtAt.filter((one) => one >= at).length > 1
  if (shown !== id || !id || others || !text) return
  scene.must(
    'I6: who awaits `setTokens()` is given those tokens',
    scene.servers.tokenOf(text)?.family === family,
    () => `${actor.name} is given ${text}, and brought ${family}`,
  )
}

/** `signIn()` has resolved: listeners know of the session. */
export function signedIn(scene: Scene, actor: Actor, at: number): void {
  if (!isAwake(actor)) return
  look(scene)
  const shown = idOf(actor.session.getSnapshot())
  const isOver = scene.signOutAt >= at || [...scene.lives.values()].some((one) => one.startedAt >= at && one.ended)
  if (!isOver)
    scene.must(
      'I7: listeners know of a sign-in before its promise resolves',
      !shown || actor.hears !== 'out',
      () => actor.name,
    )
}

/** `signOut()` has resolved: the tokens of the session that was shown are gone. */
export function signedOut(scene: Scene, actor: Actor, { at, id }: Asked): void {
  if (!isAwake(actor) || actor.page.prerendered || !id) return
  look(scene)
  const life = scene.lives.get(id)
  const { traits, world } = scene
  const { storage, tokens } = world
  const isDenied = !storage.isAvailable
  if (traits.store === 'shared' && !actor.isBare)
    scene.must(
      'I9: who awaits `signOut()` finds its tokens gone',
      tokens.stored?.id !== id,
      () => `${actor.name} has left the tokens of ${id}`,
      {
        'the token store failed': hasStoreFailed(scene, at),
        // A tab that got tokens meanwhile stores them, and removes them when it hears of the end.
        'word of the end is on its way, and storage is full, denied or lags':
          (isDenied || storage.full || traits.lag > 0) &&
          !!life &&
          life.tokenBy !== actor.page &&
          life.storedAt >= at &&
          // A message that is lost comes as the answer to the one that tells of the tokens.
          (life.storedAt < at + onItsWay(scene) || (isDenied && traits.lost > 0)),
      },
    )
}

/** `extend()` has returned true: the warning that could be answered is gone. */
export function extended(scene: Scene, actor: Actor, id: string, askedAt: number): void {
  if (!isAwake(actor) || !id) return
  const snapshot = actor.session.getSnapshot()
  if (idOf(snapshot) !== id) return
  const { idle, serverIdle, keepAlive, warnBefore } = scene.traits
  const given = keepAlive ? Math.min(idle, idle * serverIdle) : idle
  scene.must(
    'I17: an answer closes the warning',
    snapshot.phase === 'active' || (snapshot.phase === 'warning' && !snapshot.canExtend),
    () => `${actor.name} still warns`,
    {
      // Its own end is warned of as long before as ours, however soon it comes.
      'the server gives less time than the warning takes': given <= warnBefore + 5e3,
      // The page was frozen, or the reply slow: the warning of the end that the answer gave may have begun.
      'the answer was given long ago': scene.now() - askedAt > given - warnBefore - 5e3,
      // Nobody can tell which of them the server got first.
      'another tab sent a check while word of the answer was on its way': scene.servers.calls.some(
        (one) =>
          one.method === 'check' && one.actor !== actor && one.at >= askedAt && one.at <= askedAt + onItsWay(scene),
      ),
    },
  )
}

/** Checks what listeners are told, by events of all kinds. */
export function listenAsCaller(scene: Scene, actor: Actor): void {
  const { session } = actor
  session.on('signedOut', ({ reason, where }) => {
    if (reason === 'signOut' && where === 'here')
      scene.must(
        'I7: `here` is the tab that did it',
        actor.signsOut || [...actor.pending].some(({ what }) => what === 'signOut'),
        () => `${actor.name} did not sign out`,
      )
  })
  session.on('signedIn', ({ where }) => {
    if (where === 'here')
      scene.must(
        'I7: `here` is the tab that did it',
        [...scene.signIns].some(({ page }) => page === actor.page),
        () => `${actor.name} did not sign in`,
      )
    actor.signsOut = false
  })
  session.on('switched', () => {
    actor.signsOut = false
  })
  session.on('extended', ({ by, where }) => {
    if (by === 'user' && where === 'here')
      scene.must('I7: `here` is the tab that did it', actor.extending > 0, () => `${actor.name} did not answer`)
  })
  session.on('refreshFailed', ({ error, retryAt }: SessionEvents['refreshFailed']) => {
    scene.failures.push({ at: scene.now(), id: idOf(session.getSnapshot()), code: error.code, retryAt })
  })
  const render = (): void => {
    actor.rendered = session.getSnapshot()
  }
  session.subscribe(render)
  render()
  let last: Snapshot | null = null
  session.inspect(({ before, after }) => {
    scene.must('I7: steps follow each other', !last || before === last, () => actor.name)
    last = after
    const text = (one: Snapshot): string => JSON.stringify({ ...one, startedAt: 0 })
    scene.must(
      'I7: a new snapshot shows something new',
      before === after || text(before) !== text(after),
      () => `${actor.name}: ${text(after)}`,
    )
  })
}

/** A browser reports that a lock is free in a task of its own, ms. */
const RELEASE = 10

/** After each task and its microtasks: whoever renders the snapshot has been told of it, unless its page holds a lock. */
export function rested(scene: Scene): void {
  if (scene.traits.locks !== 'work') return
  for (const actor of scene.actors) {
    const { page } = actor
    const now = scene.now()
    const is = actor.session.getSnapshot()
    const isLate = page.timersEvery > 0 || (scene.ran.get(page) ?? 0) < actor.lateUntil
    if (!isAwake(actor) || isLate || actor.rendered === is || scene.world.locks.isHeldBy(page)) actor.staleSince = null
    else actor.staleSince ??= now
    scene.must(
      'I7: what is rendered is what is shown',
      actor.staleSince === null || now - Math.max(actor.staleSince, scene.sleptAt) <= RELEASE,
      () => `${actor.name} renders ${JSON.stringify(actor.rendered)}, and shows ${JSON.stringify(is)}`,
    )
  }
}

/** S26: a server that asks for a pause is not asked for tokens by any tab before that. */
export function checkPause(scene: Scene, actor: Actor, family: string): void {
  const wall = scene.world.time.clock().wall
  const life = scene.lives.get(idOf(actor.session.getSnapshot()))
  if (!life || !family) return
  for (const pause of scene.pauses) {
    if (pause.family !== family || pause.until <= wall) continue
    const since = pause.actor === actor ? pause.at : pause.at + onItsWay(scene)
    if (scene.now() <= since) continue
    scene.must(
      'S26: no tab asks the server again before the time that it named',
      false,
      () => `${actor.name} asks ${Math.round(pause.until - wall)} ms too early`,
      {
        'tabs were apart': !wereTogether(scene, life.startedAt),
        'a clock was set': scene.jumps.some((jump) => jump.at >= life.startedAt),
        // It could not say so.
        'the tab that was told crashed at once':
          (scene.crashedAt.get(pause.actor.page) ?? Infinity) <= pause.at + scene.traits.network + onItsWay(scene),
      },
    )
    return
  }
  if (scene.pauses.some((pause) => pause.family === family))
    scene.must('S26: no tab asks the server again before the time that it named', true, () => '')
}
