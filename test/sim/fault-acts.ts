/** Faults outside of the tabs: storage, the token store, the server. */
import { browser } from '../../src/testing/time.js'
import { around, aroundBy, inTab, inTabBy, type Act } from './act.js'
import { idOf, isAwake, type Actor } from './actor.js'
import { mendStore, poison, POISONS, setStorage, unsee } from './faults.js'
import { idIn, named, remove, rob, touch } from './touch.js'
import { openNeighbour, signInNextDoor, signOutNextDoor } from './neighbour.js'
import { hint, open } from './pages.js'
import { onItsWay } from './rules.js'
import { KEY, type Scene } from './scene.js'
import type { Weather } from './servers.js'
import { signIn } from './users.js'
import { oneOf, upTo } from './ways.js'

/** A process that lags writes the record of 5 s before. */
function overwrite(scene: Scene, actor: Actor): void {
  const record = scene.world.storage.stored.get(KEY)
  const since = scene.now() - onItsWay(scene)
  const id = idIn(record)
  // If the old record does not reflect a clock that was set back, no tab knows of that any more, unless one has the session now.
  // Tabs that follow another session have forgotten it.
  const forget = (): void => {
    const awake = [...scene.actors].filter(isAwake)
    if (awake.some(({ session }) => idOf(session.getSnapshot()) === id)) return
    const forgotten = [...scene.lives.values()].filter((life) => awake.length === 0 || life.id === id)
    for (const { by } of scene.jumps.filter((jump) => jump.by < 0 && jump.at >= since)) unsee(scene, by, forgotten)
  }
  scene.world.time.later(browser, 5e3, () => {
    forget()
    if (record) {
      touch(scene, named(scene).record, 'overwritten')
      scene.world.storage.change({ [KEY]: record })
      touch(scene, named(scene).record, 'overwritten', 'exhumed')
    }
    hint(scene, actor, 'focus')
    // A tab that knows better, and is still open, can correct the record when it has reached its process.
    scene.world.time.later(browser, onItsWay(scene), () => {
      forget()
      hint(scene, actor, 'focus')
    })
  })
}

interface Places {
  readonly storage: boolean
  readonly tokens: boolean
}
const PLACES: Readonly<Record<string, Places>> = {
  localStorage: { storage: true, tokens: false },
  'the token store': { storage: false, tokens: true },
  'localStorage and the token store': { storage: true, tokens: true },
}

/** Empties the token store. A write that is on its way may still arrive, and is then the only content. */
function emptyTokens(scene: Scene): void {
  rob(scene)
  scene.world.tokens.stored = null
  scene.storeFaultAt = scene.now()
}

/** Empties localStorage, with the tokens that are in it. */
function emptyStorage(scene: Scene, empty: () => void): void {
  if (scene.traits.store === 'local') rob(scene)
  remove(scene, empty)
}

/** Empties localStorage without a storage event, as `Clear-Site-Data` and the browser's settings do. */
function emptyPlaces(scene: Scene, { storage, tokens }: Places): void {
  scene.emptiedAt = scene.now()
  if (storage)
    emptyStorage(scene, () => {
      scene.world.storage.stored.clear()
    })
  if (tokens) emptyTokens(scene)
}

const MESSAGES = [
  7,
  null,
  [],
  { record: 7 },
  { record: '{' },
  { record: {}, end: [] },
  { end: '{"id":"x"}' },
  { other: 1 },
]
const WEATHERS: readonly Weather[] = [
  'fine',
  'slow',
  'down',
  'hangs',
  'loses',
  'busy',
  'limits',
  'garbage',
  'page',
  'interaction',
  'mixed',
]

const nameOf = (name: string): readonly [string, string] => [name, name]

export const faultActs = {
  deny: around(1, 'storage is denied', setStorage(false, false)),
  allow: around(2, 'storage works', setStorage(true, false)),
  fill: around(1, 'storage is full', setStorage(true, true)),
  wipe: around(1, 'the session is removed from storage', (scene) => {
    remove(scene, () => scene.world.storage.change({ [KEY]: null, [`${KEY}:end`]: null }))
  }),
  clear: around(1, 'storage is cleared', (scene) => {
    scene.emptiedAt = scene.now()
    emptyStorage(scene, () => {
      scene.world.storage.clear()
    })
  }),
  emptied: aroundBy(2, 'without a word are emptied:', oneOf(PLACES), emptyPlaces),
  refilled: aroundBy(3, 'a new tab signs in after without a word were emptied:', oneOf(PLACES), (scene, places) => {
    emptyPlaces(scene, places)
    signIn(scene, open(scene), 'ada')
  }),
  poison: inTabBy(2, 'plant', oneOf(POISONS), (scene, actor, kind) => {
    if (isAwake(actor) && actor.sound && scene.world.storage.isAvailable) poison(scene, actor, kind)
  }),
  old: inTab(1, 'overwrite the record 5 s later by what it is now', overwrite),
  junk: inTabBy(
    2,
    'hear the message',
    oneOf(Object.fromEntries(MESSAGES.map((message) => [JSON.stringify(message), [message] as const]))),
    (scene, actor, [message]) => {
      const before = JSON.stringify(actor.session.getSnapshot())
      const stranger = scene.world.channel.open({ name: 'stranger', frozen: false, gone: false }, KEY, () => undefined)
      stranger.post(message as never)
      stranger.close()
      const after = JSON.stringify(actor.session.getSnapshot())
      scene.must('I12: junk changes nothing', after === before, () => `${before} has become ${after}`)
    },
  ),
  store: aroundBy(
    2,
    'the token store',
    oneOf({ fails: 'fails', hangs: 'hangs', 'loses its answers': 'lost', 'is unreliable': 'mixed' } as const),
    (scene, fault) => {
      scene.world.tokens.fault = () =>
        fault === 'mixed' ? scene.random.pick(['works', 'fails', 'hangs', 'lost']) : fault
      scene.isStoreFaulty = true
    },
  ),
  storeWorks: around(3, 'the token store works', mendStore),
  forget: around(1, 'the token store is emptied', (scene) => {
    emptyTokens(scene)
  }),
  weather: aroundBy(
    5,
    'the server:',
    oneOf(Object.fromEntries(WEATHERS.map(nameOf)) as Readonly<Record<string, Weather>>, [...WEATHERS, 'mixed']),
    (scene, weather) => {
      scene.servers.weather = weather
    },
  ),
  fine: around(6, 'the server works', (scene) => {
    scene.servers.weather = 'fine'
  }),
  revoke: aroundBy(1, 'the server revokes grant', upTo(6), (scene, number) => {
    const grants = [...scene.servers.grants.values()]
    const grant = grants[(number - 1) % grants.length]
    if (grant) grant.revoked = true
  }),
  next: around(2, 'another application is opened', openNeighbour),
  nextIn: around(2, 'another application: sign in', signInNextDoor),
  nextOut: around(1, 'another application: sign out', signOutNextDoor),
  elsewhere: around(2, 'the user is active in another application', (scene) => {
    // The activity may be in the same session of the server, or on another device.
    const cookie = scene.servers.cookie()
    if (!cookie || cookie.revoked) return
    cookie.heardAt = scene.now()
    for (const life of scene.lives.values()) if (scene.traits.check || scene.traits.keepAlive) life.signAt = scene.now()
  }),
} satisfies Record<string, Act>
