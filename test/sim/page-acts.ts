/** Acts of pages and of the machine. */
import { around, aroundBy, inTab, inTabBy, type Act } from './act.js'
import { idOf, isAwake } from './actor.js'
import { setClock } from './faults.js'
import {
  activate,
  bury,
  hint,
  instancesOn,
  interrupt,
  notDisplaced,
  olderThanFound,
  open,
  pagesOf,
  unthrottle,
} from './pages.js'
import { openRendered, render } from './rendered.js'
import { hinted, look, onItsWay } from './rules.js'
import type { Scene } from './scene.js'
import { oneOf, span, upTo } from './ways.js'

function fallAsleep(scene: Scene, ms: number): void {
  scene.fellAsleepAt = scene.now()
  // A tab that has not read the clock since, and cannot read the records of others, cannot distinguish the two.
  const isBlind = (at: number): boolean =>
    scene.isApart && [...scene.actors].some((actor) => !actor.page.gone && actor.steppedAt < at)
  for (const jump of scene.jumps) jump.slept ||= scene.now() - jump.at < onItsWay(scene) || isBlind(jump.at)
  scene.world.sleep(ms, scene.traits.windows)
  scene.sleptAt = scene.now()
  // If the monotonic clock runs during sleep, a short sleep looks like a late timer, and a hold like work that went on.
  const isShort = scene.traits.windows && ms < 65e3 + Math.min(6e4, scene.traits.idle / 4)
  for (const { page, holds, seen } of scene.actors) {
    const life = scene.lives.get(idOf(seen))
    if (isShort && holds.length > 0 && !page.frozen && life && !life.ended) life.signAt = scene.now()
  }
  for (const actor of scene.actors) actor.unaware = true
}

export const pageActs = {
  open: around(10, 'open a tab', (scene) => {
    if (pagesOf(scene).size < scene.traits.mostTabs) open(scene)
  }),
  openBare: around(2, 'open a tab of a page without tokens', (scene) => {
    if (pagesOf(scene).size < scene.traits.mostTabs) open(scene, scene.world.page(), true)
  }),
  prerender: around(3, 'prerender a tab', (scene) => {
    // Only Chromium does that.
    if (scene.traits.engine === 'chromium' && pagesOf(scene).size < scene.traits.mostTabs)
      open(scene, scene.world.page({ prerendered: true }))
  }),
  openRendered: around(4, 'open a tab with a page that the server made', (scene) => {
    if (scene.traits.server === 'cookie' && pagesOf(scene).size < scene.traits.mostTabs)
      openRendered(scene, render(scene))
  }),
  openOld: around(5, 'open a tab with the first page that the server made, out of a cache', (scene) => {
    const [first] = scene.rendered
    if (first && pagesOf(scene).size < scene.traits.mostTabs) openRendered(scene, first)
  }),
  prerenderRendered: around(1, 'prerender a tab with a page that the server made', (scene) => {
    const { engine, server, mostTabs } = scene.traits
    if (engine === 'chromium' && server === 'cookie' && pagesOf(scene).size < mostTabs)
      openRendered(scene, render(scene), scene.world.page({ prerendered: true }))
  }),
  activate: inTab(3, 'open the prerendered page', (scene, actor) => {
    activate(scene, actor)
  }),
  second: inTab(1, 'create a second session', (scene, actor) => {
    if (isAwake(actor) && instancesOn(scene, actor).length < 2) open(scene, actor.page)
  }),
  close: inTab(3, 'close', (scene, { page }) => {
    page.close()
    bury(scene)
  }),
  crash: inTab(3, 'crash', (scene, { page }) => {
    page.crash()
    bury(scene)
  }),
  doom: inTabBy(4, 'crash before effect', upTo(12), (scene, { page }, effects) => {
    scene.doomed.set(page, effects)
  }),
  reload: inTab(3, 'reload', (scene, { page }) => {
    page.crash()
    bury(scene)
    open(scene)
  }),
  destroy: inTab(2, 'destroy the session', (scene, actor) => {
    actor.session.destroy()
    actor.session.destroy()
    actor.destroyedAt = scene.ran.get(actor.page) ?? 0
    actor.pending.clear()
  }),
  freeze: inTab(4, 'freeze', (scene, actor) => {
    actor.page.frozen = true
    for (const one of instancesOn(scene, actor)) one.unaware = true
  }),
  thaw: inTab(6, 'thaw', (scene, actor) => {
    if (actor.page.cached) return
    // The browser dispatches the event before anything else runs.
    if (actor.page.frozen) {
      actor.page.frozen = false
      hint(scene, actor, 'resume')
    }
    interrupt(scene, actor)
  }),
  leave: inTab(4, 'go into the back/forward cache', (scene, actor) => {
    // A prerendered page has no user who could leave it.
    if (actor.page.prerendered) return
    // WebKit takes the locks of a cached page, which goes on without them when it is back.
    const holds = scene.world.locks.isHeldBy(actor.page)
    if (!actor.page.cached) actor.page.leave()
    if (holds && scene.traits.engine === 'webkit') scene.unlockedAt = scene.now()
    for (const one of instancesOn(scene, actor)) one.unaware = true
    bury(scene)
  }),
  back: inTab(6, 'come back from the cache', (scene, actor) => {
    const { page } = actor
    if (!page.cached) return
    const left = instancesOn(scene, actor).map((one) => [one, idOf(one.seen)] as const)
    const older = olderThanFound(scene, actor)
    page.comeBack()
    notDisplaced(scene, actor, older)
    interrupt(scene, actor)
    for (const [one, id] of left) {
      hinted(scene, one)
      const isStale = !!id && one.destroyedAt === null && idOf(one.session.getSnapshot()) !== id
      if (isStale && scene.traits.reloads)
        scene.must('I2: a stale page is hidden', page.page.hidden && page.page.reloads > 0, () => one.name)
    }
  }),
  throttle: inTabBy(
    2,
    'timers ring',
    oneOf({ 'every 1 s': 1e3, 'every 1 min': 6e4, never: Infinity }),
    (scene, actor, every) => {
      if (actor.page.prerendered) return
      actor.page.timersEvery = every
      scene.throttledAt = scene.now()
      interrupt(scene, actor)
    },
  ),
  unthrottle: inTab(3, 'timers ring on time', (scene, actor) => {
    unthrottle(scene, actor)
  }),
  hint: inTabBy(
    8,
    'event',
    oneOf({
      focus: 'focus',
      visibilitychange: 'visibilitychange',
      pageshow: 'pageshow',
      resume: 'resume',
      online: 'online',
      blur: 'blur',
    }),
    (scene, actor, cause) => {
      hint(scene, actor, cause)
    },
  ),
  check: inTab(4, 'check()', (scene, actor) => {
    if (!isAwake(actor)) return
    actor.session.check()
    hinted(scene, actor)
  }),
  sleep: aroundBy(
    5,
    'the machine sleeps for',
    span(0, ({ idle }) => 3 * idle, 2),
    fallAsleep,
  ),
  clock: aroundBy(
    2,
    'clock',
    oneOf({
      '-1 h': -36e5,
      '-10 min': -6e5,
      '-3 s': -3e3,
      '-0.9 s': -900,
      '+0.9 s': 900,
      '+3 s': 3e3,
      '+10 min': 6e5,
      '+1 h': 36e5,
      '+1 day': 864e5,
      '-1 day': -864e5,
    }),
    setClock,
  ),
  online: inTabBy(
    3,
    'network',
    oneOf({ off: false, on: true }, ['off', 'off', 'on', 'on', 'on']),
    (scene, actor, online) => {
      actor.page.online = online
      scene.lying.delete(actor.page)
      if (online) hint(scene, actor, 'online')
    },
  ),
  lie: inTab(3, 'navigator.onLine is wrong', (scene, { page }) => {
    scene.lying.add(page)
  }),
  frame: inTabBy(
    2,
    'focus in',
    oneOf({ 'the page': [false, false], 'a frame': [true, false], 'a frame in use': [true, true] } as const, [
      ...Array<string>(3).fill('the page'),
      ...Array<string>(3).fill('a frame'),
      ...Array<string>(4).fill('a frame in use'),
    ]),
    (scene, { page }, [framed, activated]) => {
      page.focusInFrame = framed
      page.userActive = activated
      look(scene)
    },
  ),
} satisfies Record<string, Act>
