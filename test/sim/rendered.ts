/** Pages that the server made: each says who was signed in, and the application calls `adoptPage` with that. */
import { fingerprint } from '../../src/core/fingerprint.js'
import { adoptPage, type PageState } from '../../src/servers/page.js'
import { contextOf, isAnonymous } from '../../src/session/context.js'
import { browser } from '../../src/testing/time.js'
import { idOf, isAwake, type Actor } from './actor.js'
import { hint, open, watch } from './pages.js'
import { look, onItsWay } from './rules.js'
import type { Scene } from './scene.js'

/** What the server says of this moment. A visitor has no login. */
export function render(scene: Scene): PageState {
  const cookie = scene.servers.signedIn()
  const page = { login: cookie && cookie.user !== 'visitor' ? cookie.family : null, at: scene.now() }
  scene.rendered.push(page)
  return page
}

/** Whether the tab shows whom the page says. */
function shows({ session }: Actor, { login }: PageState): boolean {
  const record = contextOf(session, 'sim').liveRecord()
  const isUser = !!record && !isAnonymous(record)
  return login ? isUser && record.login === fingerprint(login) : !isUser
}

/** Opens a tab with a page that the server made now or, out of a cache, with one of before. */
export function openRendered(scene: Scene, page: PageState, ownPage = scene.world.page()): void {
  const actor = open(scene, ownPage)
  const { isAvailable, full } = scene.world.storage
  /** What this device has noted of the newest page cannot be read here. */
  const unread = {
    'storage is denied': !isAvailable || full || scene.deniedAt >= scene.adoptedAt,
    'storage was emptied since': scene.emptiedAt >= scene.adoptedAt,
    'the note of a newer page was on its way': scene.now() - scene.adoptedAt < onItsWay(scene),
  }
  const isNewest = page.at > scene.newestPage
  const waits = ownPage.prerendered || actor.session.getSnapshot().phase === 'loading'
  if (!waits) hint(scene, actor, 'focus')
  if (!isAwake(actor)) return
  const before = idOf(actor.session.getSnapshot())
  actor.signingIn.users++
  const signIn = { at: scene.now(), page: ownPage }
  scene.signIns.add(signIn)
  const note = (): void => {
    scene.newestPage = Math.max(scene.newestPage, page.at)
    scene.adoptedAt = scene.now()
  }
  // A prerendered page takes it over when it is opened.
  if (!waits) note()
  const promise = adoptPage(actor.session, page)
  look(scene)
  if (!waits && isAwake(actor)) {
    const after = idOf(actor.session.getSnapshot())
    if (!isNewest)
      scene.must(
        'S134: an old page changes nothing',
        after === before,
        () => `${actor.name} showed ${before}, and now ${after}`,
        unread,
      )
    // The session of this login may have ended here, and the server does not know yet.
    else if (after || !page.login)
      scene.must(
        'S134: the first render shows whom the server knows',
        shows(actor, page),
        () => `${actor.name} shows ${after}, and the page says ${page.login}`,
      )
  }
  watch(
    scene,
    actor,
    'adoptPage',
    promise.finally(() => {
      actor.signingIn.users--
      if (waits && isAwake(actor)) note()
      look(scene)
      if (!actor.page.gone && actor.destroyedAt === null)
        scene.world.time.later(browser, onItsWay(scene), () => scene.signIns.delete(signIn))
    }),
    (isTrue) => {
      if (isTrue && isAwake(actor))
        scene.must(
          'S134: what `adoptPage` returns is so',
          shows(actor, page),
          () => `${actor.name} shows ${idOf(actor.session.getSnapshot())}, and the page says ${page.login}`,
          {
            // By a call that waited for the same. A session that does both in one moment is never shown, and has no life.
            'a session began or ended in the same moment':
              [...scene.begun.values()].includes(scene.now()) ||
              [...scene.lives.values()].some(({ startedAt, ended }) => (ended?.at ?? startedAt) === scene.now()),
          },
        )
    },
  )
}
