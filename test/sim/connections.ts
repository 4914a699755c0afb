/** A connection on a page, and a server that sends, and closes connections when their token expires. */
import { connect, type Connection } from '../../src/connect.js'
import { browser } from '../../src/testing/time.js'
import { idOf, type Actor } from './actor.js'
import { acted, handedOut } from './rules.js'
import type { Scene } from './scene.js'

/** The server side of a connection. */
export interface OpenConnection {
  readonly actor: Actor
  readonly sessionId: string
}

/** The longest time until the network loses a connection. */
const LONGEST = 20 * 6e4

/** Keeps a connection in this page, if the world has connections. */
export function connectIn(scene: Scene, actor: Actor): void {
  const { connection: kind } = scene.traits
  if (kind === 'none') return
  connect(actor.session, (connection) => run(scene, actor, connection), {
    one: kind,
    onState({ state }) {
      actor.connectingSince = state === 'connecting' ? scene.now() : null
    },
  })
}

async function run(scene: Scene, actor: Actor, connection: Connection): Promise<unknown> {
  const { world, random, servers, traits } = scene
  const { page } = actor
  const { sessionId, signal } = connection
  if (page.prerendered) scene.hasty.add(page)
  // The access to the signal has made the session take a step.
  if (signal.aborted) return undefined
  acted(scene, actor, 'a connection')
  const text = servers.usesTokens ? await connection.token() : ''
  // Promises of the test go on in a page that crashed.
  if (text && !page.gone) handedOut(scene, actor, text)
  const issuedAt = servers.tokenOf(text)?.issuedAt ?? Infinity
  const isExpired = (): boolean => scene.now() > issuedAt + traits.tokenLife
  const open: OpenConnection = { actor, sessionId }

  return new Promise((resolve) => {
    const close = (reason?: unknown): void => {
      scene.connections.delete(open)
      resolve(reason)
    }
    signal.addEventListener('abort', () => close())
    const lostAt = scene.now() + random.next() * LONGEST
    /** The server sends from time to time and closes at expiry, and the network may lose the connection. */
    const serve = (): void => {
      world.time.later(browser, random.next() * traits.tokenLife, () => {
        if (!scene.connections.has(open)) return
        // Only a page that runs notices the server.
        world.time.later(page, traits.network, () => {
          if (signal.aborted) return
          if (isExpired()) close({ code: 4401 })
          else if (scene.now() > lostAt) close({ code: 1006 })
          else deliver(scene, actor, connection)
        })
        serve()
      })
    }
    world.time.later(page, traits.network, () => {
      if (signal.aborted) return
      if (isExpired()) {
        close({ code: 4401 })
        return
      }
      scene.connections.add(open)
      connection.up()
      serve()
    })
    if (signal.aborted) close()
  })
}

function deliver(scene: Scene, actor: Actor, connection: Connection): void {
  if (connection.signal.aborted) return
  const shown = idOf(actor.session.getSnapshot())
  scene.must(
    'I19: nothing of a session is delivered in another, or after its end',
    shown === connection.sessionId,
    () => `${actor.name} gets something of ${connection.sessionId}, and shows ${shown}`,
  )
  acted(scene, actor, 'a delivery')
}

/** After each step of the world. */
export function checkConnections(scene: Scene): void {
  for (const open of [...scene.connections]) {
    const { actor, sessionId } = open
    const { page, session } = actor
    if (page.gone) {
      scene.connections.delete(open)
      continue
    }
    scene.must('I19: a page that is left has no connection', !page.cached, () => actor.name)
    scene.must(
      'I19: no connection outlives its session',
      actor.destroyedAt === null && idOf(session.getSnapshot()) === sessionId,
      () => `${actor.name} has a connection of ${sessionId}, and shows ${idOf(session.getSnapshot())}`,
    )
  }
}
