/** A second application of the origin. Its session has its own name, and the two share nothing. */
import { createSessionWith, type Page } from '../../src/testing.js'
import { browser } from '../../src/testing/time.js'
import type { SessionServer, TokenResponse, TokenSession, TokenStore } from '../../src/types.js'
import { idOf } from './actor.js'
import { hasStoreFailed, onItsWay, sent } from './rules.js'
import type { Scene } from './scene.js'
import { MARK } from './servers.js'

const NAME = 'admin'

export interface Neighbour {
  readonly page: Page
  readonly session: TokenSession
  /** The id of its session; empty while it is signed out. */
  id: string
  signedInAt: number
}

/** Its grants begin with another letter than those of `createServers`. */
const isForeign = (tokens: TokenResponse | null): boolean => JSON.stringify(tokens).includes(`${MARK}.f`)

function serverOf(scene: Scene): SessionServer {
  const soon = async <T>(value: T): Promise<T> =>
    new Promise((resolve) => {
      scene.world.time.later(browser, 20, () => {
        resolve(value)
      })
    })
  const seen = (what: string, tokens: TokenResponse | null): void => {
    scene.must('I14: tokens go to the server of their own application', !isForeign(tokens), () => `${what} of ${NAME}`)
  }
  return {
    async refresh(tokens) {
      seen('refresh', tokens)
      return soon(grant(scene))
    },
    async signOut(tokens) {
      seen('signOut', tokens)
      return soon(undefined)
    },
  }
}

const grant = (scene: Scene): TokenResponse => ({
  access_token: `access.${MARK}.n${++scene.foreignGrants}.1`,
  refresh_token: `refresh.${MARK}.n${scene.foreignGrants}.1`,
  expires_in: 300,
})

/** Its own part of the store, which no call may leave. */
function guarded(scene: Scene, store: TokenStore): TokenStore {
  const own = (id: string): void => {
    scene.must('I14: an application leaves the tokens of others alone', !scene.lives.has(id), () => `${NAME}: ${id}`)
  }
  return {
    shared: store.shared,
    forSession: (name) => guarded(scene, store.forSession?.(name) ?? store),
    async get() {
      const stored = await store.get()
      if (stored) own(stored.id)
      return stored
    },
    set: (value, expected) => store.set(value, expected),
    clear(id) {
      own(id)
      return store.clear(id)
    },
  }
}

/** Opens a page of the other application in place of the last one. */
export function openNeighbour(scene: Scene): Neighbour {
  const before = scene.neighbour
  before?.page.close()
  const page = scene.world.page()
  scene.strangers.add(page)
  const session = createSessionWith(page.ports, {
    name: NAME,
    idleTimeout: false,
    absoluteTimeout: false,
    tokenStore: guarded(scene, scene.storeOf(page)),
    server: serverOf(scene),
  })
  // A page that opens reads only the writes that have arrived.
  const since = before?.signedInAt ?? 0
  const { isAvailable: works, full } = scene.world.storage
  const isStored = works && !full && scene.deniedAt < since && scene.now() > sent(scene, since) + onItsWay(scene)
  scene.neighbour = { page, session, id: isStored ? (before?.id ?? '') : '', signedInAt: since }
  return scene.neighbour
}

/** The user signs in to the other application. */
export function signInNextDoor(scene: Scene): void {
  const neighbour = scene.neighbour ?? openNeighbour(scene)
  const { session } = neighbour
  neighbour.id = ''
  neighbour.signedInAt = scene.now()
  session.signIn(grant(scene)).then(
    () => {
      neighbour.id = idOf(session.getSnapshot())
      neighbour.signedInAt = scene.now()
    },
    () => undefined,
  )
}

export function signOutNextDoor(scene: Scene): void {
  const { neighbour } = scene
  if (!neighbour) return
  neighbour.id = ''
  neighbour.session.signOut().catch(() => undefined)
}

/** After each step: nothing that the first application does affects the second one. */
export function checkNeighbour(scene: Scene): void {
  const { neighbour } = scene
  if (!neighbour?.id) return
  const shown = idOf(neighbour.session.getSnapshot())
  scene.must(
    "I14: another application's session is left alone",
    shown === neighbour.id,
    () => `${NAME} shows ${shown || 'nobody'} in place of ${neighbour.id}`,
    {
      'storage was emptied': scene.emptiedAt >= neighbour.signedInAt,
    },
  )
}

/** Its tokens are still in the store. */
export async function tokensNextDoor(
  scene: Scene,
  settle: (promise: Promise<string>) => Promise<string>,
): Promise<void> {
  const { neighbour } = scene
  if (!neighbour?.id || idOf(neighbour.session.getSnapshot()) !== neighbour.id) return
  const text = await settle(neighbour.session.getAccessToken())
  scene.must("I14: another application's tokens are left alone", text.includes(`${MARK}.n`), () => text, {
    'storage was emptied': scene.emptiedAt >= neighbour.signedInAt,
    'the token store failed': hasStoreFailed(scene, neighbour.signedInAt),
    'tokens are not shared': scene.traits.store === 'memory',
  })
}
