/** What an application does in a listener, in the middle of a step of its session. */
import type { SessionEvents } from '../../src/types.js'
import { isAwake, type Actor } from './actor.js'
import { persistData } from './data.js'
import { ranBy } from './pages.js'
import { look, sign } from './rules.js'
import type { Scene } from './scene.js'
import { extend, signIn, signOut, token, verify } from './users.js'

type Reaction = (scene: Scene, actor: Actor) => void

export const REACTIONS: Readonly<Record<string, Reaction>> = {
  'sign out': signOut,
  'sign in': (scene, actor) => {
    signIn(scene, actor, 'ada')
  },
  'ask for a token': (scene, actor) => {
    token(scene, actor)
  },
  'ask for a new token': (scene, actor) => {
    token(scene, actor, { forceRefresh: true })
  },
  answer: extend,
  verify,
  'write data': persistData,
  'check()': (scene, actor) => {
    actor.session.check()
    look(scene)
  },
  destroy: (scene, actor) => {
    look(scene)
    actor.session.destroy()
    actor.destroyedAt = ranBy(scene, actor)
    actor.pending.clear()
  },
}

const EVENTS: readonly (keyof SessionEvents)[] = [
  'signedIn',
  'warning',
  'extended',
  'signedOut',
  'switched',
  'refreshed',
  'refreshFailed',
]

/** Does it once, in the listener of the next event, or of the next change of the snapshot. */
export function react(scene: Scene, actor: Actor, reaction: Reaction): void {
  const { session } = actor
  const once = (): void => {
    for (const undo of undos) undo()
    if (!isAwake(actor) || scene.isCalm) return
    scene.trace(`${actor.name} reacts`)
    // The step that counts input may be the first that knows of the session, and the last of this session object.
    if (actor.inputAt === scene.now() && actor.session.getSnapshot().phase === 'active') sign(scene, actor)
    reaction(scene, actor)
  }
  const undos = [session.subscribe(once), ...EVENTS.map((event) => session.on(event, once))]
}
