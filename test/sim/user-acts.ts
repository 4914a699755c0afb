/** Acts of users and applications. */
import { browser } from '../../src/testing/time.js'
import { around, inTab, inTabBy, type Act } from './act.js'
import { idOf, isAwake, type Actor } from './actor.js'
import { asked, brought } from './callers.js'
import { persistData, readData } from './data.js'
import { latestEnd } from './life.js'
import { watch } from './pages.js'
import { look, sign } from './rules.js'
import { REACTIONS, react } from './reactions.js'
import {
  askPatiently,
  counted,
  extend,
  input,
  SHAPES,
  signIn,
  signInWith,
  signOut,
  token,
  verify,
  visit,
} from './users.js'
import type { Scene } from './scene.js'
import { named } from './touch.js'
import { oneOf, span } from './ways.js'

/**
 * Notes activity before it is counted: the server may get a keep-alive in the same task, and a tab that missed a sign-in finds the
 * session in the step that counts the activity for it, in which its listeners act.
 */
function countFound(scene: Scene, actor: Actor, act: () => void): void {
  sign(scene, actor)
  const found = scene.lives.get(named(scene).record)
  const before = found?.signAt ?? 0
  if (found) found.signAt = Math.max(before, Math.min(scene.now(), latestEnd(found, scene.traits, scene.jumps)))
  act()
  look(scene)
  if (found && found.id !== idOf(actor.session.getSnapshot())) found.signAt = before
}

export const userActs = {
  input: inTab(16, 'input', (scene, actor) => {
    input(scene, actor)
    counted(scene, actor)
  }),
  work: inTabBy(
    8,
    'input every 0.7 s for',
    span(200, () => 20_200),
    (scene, actor, length) => {
      for (let at = 0; at < length; at += 700)
        scene.world.time.later(browser, at, () => {
          input(scene, actor)
          counted(scene, actor)
        })
    },
  ),
  touch: inTab(2, 'touch()', (scene, actor) => {
    if (!isAwake(actor) || actor.page.prerendered) return
    countFound(scene, actor, () => {
      actor.session.touch()
    })
    sign(scene, actor)
  }),
  hold: inTab(2, 'hold()', (scene, actor) => {
    if (!isAwake(actor) || actor.page.prerendered) return
    const of = idOf(actor.session.getSnapshot())
    countFound(scene, actor, () => {
      actor.holds.push({ of, release: actor.session.hold() })
    })
  }),
  release: inTab(3, 'release a hold', (_scene, actor) => {
    actor.holds.shift()?.release()
  }),
  answer: inTab(8, 'answer the warning', (scene, actor) => {
    if (isAwake(actor)) extend(scene, actor)
  }),
  answerLate: inTabBy(
    4,
    'answer the warning before its end by',
    span(20, () => 4e3),
    (scene, actor, ahead) => {
      const wait = (): void => {
        const { endAt = Infinity } = (isAwake(actor) ? actor.session.deadlines() : null) ?? {}
        const left = endAt - scene.world.time.clock().wall
        if (left <= ahead) extend(scene, actor)
        else if (left < Infinity) scene.world.time.later(browser, left - ahead, wait)
      }
      wait()
    },
  ),
  signIn: inTab(9, 'sign in as ada', (scene, actor) => {
    if (isAwake(actor)) signIn(scene, actor, 'ada')
  }),
  signInAs: inTabBy(2, 'sign in as', oneOf({ bob: 'bob', eve: 'eve' }), (scene, actor, user) => {
    if (isAwake(actor)) signIn(scene, actor, user)
  }),
  signInWith: inTabBy(2, 'sign in with tokens that are', oneOf(SHAPES), (scene, actor, shape) => {
    if (isAwake(actor)) signIn(scene, actor, 'ada', shape)
  }),
  visit: inTab(2, 'begin a session without a user', (scene, actor) => {
    if (isAwake(actor)) visit(scene, actor)
  }),
  verify: inTab(2, 'verify()', (scene, actor) => {
    if (isAwake(actor)) verify(scene, actor)
  }),
  signInAgain: inTab(2, 'sign in again by the same cookie', (scene, actor) => {
    const cookie = scene.servers.cookie()
    if (isAwake(actor) && cookie && !scene.servers.usesTokens) signInWith(scene, actor, undefined, cookie.family)
  }),
  signOut: inTab(4, 'sign out', (scene, actor) => {
    if (isAwake(actor)) signOut(scene, actor)
  }),
  setTokens: inTab(1, 'bring new tokens', (scene, actor) => {
    if (!isAwake(actor) || !idOf(actor.session.getSnapshot()) || !scene.servers.usesTokens || actor.isBare) return
    const { grant, tokens } = scene.servers.grant('ada')
    if (!tokens) return
    const before = asked(scene, actor)
    scene.broughtAt.push(before.at)
    watch(scene, actor, 'setTokens', actor.session.setTokens(tokens), () => {
      actor.wantedAt = scene.now()
      watch(scene, actor, 'getAccessToken', actor.session.getAccessToken(), (text) => {
        brought(scene, actor, before, grant.family, text)
      })
    })
  }),
  token: inTab(10, 'ask for a token', (scene, actor) => {
    if (isAwake(actor)) token(scene, actor)
  }),
  tokens: around(3, 'all tabs ask for a token', (scene) => {
    for (const actor of scene.actors) if (isAwake(actor)) token(scene, actor)
  }),
  patient: inTab(3, 'ask for a new token, and again when the error says', (scene, actor) => {
    if (isAwake(actor)) askPatiently(scene, actor)
  }),
  react: inTabBy(6, 'at its next event', oneOf(REACTIONS), (scene, actor, reaction) => {
    if (isAwake(actor)) react(scene, actor, reaction)
  }),
  force: inTab(5, 'ask for a new token', (scene, actor) => {
    if (isAwake(actor)) token(scene, actor, { forceRefresh: true })
  }),
  valid: inTabBy(
    2,
    'ask for a token that is valid for',
    span(0, ({ tokenLife }) => 2 * tokenLife),
    (scene, actor, minValidity) => {
      if (isAwake(actor)) token(scene, actor, { minValidity })
    },
  ),
  write: inTab(16, 'write data', persistData),
  read: inTab(6, 'read data', readData),
  reads: around(8, 'all tabs read data', (scene) => {
    for (const actor of [...scene.actors]) readData(scene, actor)
  }),
} satisfies Record<string, Act>
