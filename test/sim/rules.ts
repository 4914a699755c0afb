/** The rules of I1 to I17, which are checked after each task, each hint and each call. */
import { decode, isLive, type SharedRecord } from '../../src/core/record.js'
import { contextOf } from '../../src/session/context.js'
import type { Page } from '../../src/testing.js'
import { browser } from '../../src/testing/time.js'
import type { ServerTimes, Snapshot, TokenResponse } from '../../src/types.js'
import { checkPause } from './callers.js'
import { followHolds, idOf, isAtWork, isAwake, shownBy, type Actor } from './actor.js'
import { earliestEnd, FLUSH, latestEnd, type Life } from './life.js'
import type { Excuses, Rule } from './rule-names.js'
import { named, touch, touchedAt } from './touch.js'
import { KEY, type Scene } from './scene.js'
import type { Call } from './servers.js'

/** The real time of an instant of this device's clock. */
const realOf = (scene: Scene, wall: number): number => scene.now() - (scene.world.time.clock().wall - wall)

/** The largest jump of a clock that no tab notices, in ms. */
const UNNOTICED = 1e3

/** The longest time until a write or message of a tab has arrived. */
export const onItsWay = ({ traits }: Scene): number => traits.lag + traits.delay + 5

/** The instant from which a write or message of `at` is on its way: after a sleep of the machine it arrives when it wakes. */
export const sent = (scene: Scene, at: number): number =>
  at > scene.fellAsleepAt - onItsWay(scene) ? Math.max(at, scene.sleptAt) : at

const lifeOf = (scene: Scene, actor: Actor): Life | undefined => scene.lives.get(idOf(shownBy(actor)))

/** The reasons for which `actor` need not know yet that `life` is over. */
export function ignorance(scene: Scene, actor: Actor, life: Life): Excuses {
  const { ended } = life
  if (!ended) return {}
  return {
    'the end was made without storage': !ended.sound,
    'the tab is without storage': !actor.sound,
    'storage is denied': !scene.world.storage.isAvailable,
    'its tombstone was taken away': isExhumed(scene, actor, life, ended.at),
    // Processes that find everything removed at the same time may overwrite each other's tombstones without a message.
    'its tombstone was overwritten':
      scene.traits.lost > 0 && life.touchedAt.removed >= ended.at - onItsWay(scene) && named(scene).end !== life.id,
    'word of the end is on its way': scene.now() <= sent(scene, ended.at) + onItsWay(scene),
  }
}

/** True if the session is live in storage, because its tombstone was removed after `since`, and no tab has noticed that yet. */
function isExhumed(scene: Scene, actor: Actor, { id, touchedAt: { exhumed } }: Life, since: number): boolean {
  if (exhumed < since) return false
  const { record, end } = named(scene)
  // A tab that wakes gets the events of the meantime one after the other.
  const lateAt = Math.max(exhumed, actor.awakeSince)
  return (record === id && end !== id) || scene.now() < lateAt + 2 * onItsWay(scene)
}

/** True if `id` was restored in storage, and the session that replaced it has a lower `seq`, as a clock was set back. */
function isPutBack(scene: Scene, actor: Actor, id: string): boolean {
  const life = scene.lives.get(id)
  const setBack = life && scene.jumps.find(({ at, by }) => by < 0 && at >= life.startedAt)
  return !!setBack && isExhumed(scene, actor, life, setBack.at)
}

/**
 * The newest session began by a clock that had been set back, after the note of that was removed with all of storage: for a tab that had
 * not heard of the clock, its own session is the newer one.
 */
export function isOutOfOrder({ lives, jumps }: Scene, id: string): boolean {
  const shown = lives.get(id)
  const newest = [...lives.values()].at(-1)
  return (
    !!shown &&
    !!newest &&
    newest.startedAt >= shown.touchedAt.removed &&
    jumps.some(({ at, by }) => by < 0 && at >= shown.startedAt && at <= shown.touchedAt.removed)
  )
}

/** The record in storage, or null if it cannot be read. */
const decodedOf = ({ world }: Scene): ReturnType<typeof decode> =>
  decode(world.storage.stored.get(KEY), world.time.clock().wall)

/** True if storage has less activity than `life`, because the record was overwritten or is malformed. */
function isBehind(scene: Scene, { id, countedAt }: Life): boolean {
  const record = decodedOf(scene)
  return record?.id !== id || realOf(scene, record.activeAt - record.skew) < countedAt - FLUSH
}

/** Notes that a page that opens now may read an overwritten record. */
export function noteBehind(scene: Scene): void {
  for (const life of scene.lives.values())
    if (!life.ended && life.touchedAt.overwritten >= life.countedAt && isBehind(scene, life))
      life.behindAt = scene.now()
}

/** True if other code, or a process that lags and missed a message, has overwritten the activity in storage. */
const isOverwritten = (scene: Scene, life: Life): boolean =>
  life.ended
    ? life.ended.behind
    : life.behindAt >= life.countedAt ||
      (life.touchedAt.overwritten >= life.countedAt &&
        // A tab that knows better writes it again.
        scene.now() <= life.touchedAt.overwritten + 2 * onItsWay(scene)) ||
      ((life.touchedAt.overwritten >= life.countedAt || (scene.traits.lag > 0 && scene.traits.lost > 0)) &&
        isBehind(scene, life))

/**
 * localStorage has no transactions: one tab may remove the tokens that another has just stored, if processes lag or lose their lock,
 * or if a tab with late timers takes longer to store than others wait for the lock.
 */
export const isTorn = ({ traits, unlockedAt, throttledAt }: Scene): boolean =>
  traits.store === 'local' && (traits.lag > 0 || Math.max(unlockedAt, throttledAt) >= 0)

/**
 * A tab that learned of the session between a clock that was set back and the first record that shows this takes the new time as
 * it is. A tab that slept in between, or that had not noticed an earlier sleep, sees less of the jump by that sleep.
 *
 * @param since Earlier jumps do not count.
 */
export const isMisled = (scene: Scene, actor: Actor, since = -Infinity): boolean =>
  scene.jumps.some(
    ({ at, by, slept, misled }) =>
      at >= since &&
      by < 0 &&
      (!!slept || misled.has(actor) || (actor.aliveSince >= at && actor.aliveSince < at + onItsWay(scene))),
  )

/** True if all tabs could reach each other all the time since `since`. */
export const wereTogether = (scene: Scene, since: number): boolean => !scene.isApart && scene.apartAt < since

/** True if the token store has failed since `since`, or was emptied. */
export const hasStoreFailed = ({ world, traits, isStoreFaulty, storeFaultAt }: Scene, since: number): boolean =>
  isStoreFaulty ||
  storeFaultAt >= since ||
  (traits.store === 'local' && (!world.storage.isAvailable || world.storage.full))

/** True if some tab gets neither writes nor messages of others. */
function isApart({ actors, traits, world }: Scene): boolean {
  const list = [...actors].filter(({ destroyedAt }) => destroyedAt === null)
  const unsound = list.filter(({ sound }) => !sound)
  if (unsound.length === 0) return false
  // The writes that failed are missing for a page that opens now.
  if (world.storage.isAvailable) return true
  return (
    unsound.length < list.length ||
    unsound.some(({ half }) => half) ||
    !traits.channel ||
    traits.lost > 0 ||
    unsound.some(({ page }) => page.frozen)
  )
}

/** To be called after a change of the tabs, or of what they can read. */
export function noteApart(scene: Scene): void {
  const was = scene.isApart
  scene.isApart = isApart(scene)
  // They may have been apart until this moment.
  if (scene.isApart || was) scene.apartAt = scene.now()
}

/** After each task: checks the tabs whose snapshot has changed. */
export function look(scene: Scene): void {
  for (const actor of scene.actors) {
    const { page } = actor
    if (!page.gone) followHolds(actor)
    const works = isAtWork(actor)
    if (page.gone) {
      // It may have written activity in this very task, before it crashed.
      if (works && !page.frozen && actor.destroyedAt === null) sign(scene, actor)
      actor.holds.length = 0
      continue
    }
    const snapshot = actor.session.getSnapshot()
    if (snapshot !== actor.seen) change(scene, actor, actor.seen, snapshot)
    if (isAwake(actor) && works) sign(scene, actor)
    if (isAwake(actor)) listenersKnow(scene, actor, snapshot)
  }
}

/** How long a lock may be held, in ms: for a request that is tried twice, and for a token store that never answers. */
const TELLING = 30e3

/** I7: whoever holds a lock tells listeners of what happened under it at its end, which comes within the limits of its work. */
function listenersKnow(scene: Scene, actor: Actor, { phase }: Snapshot): void {
  const ran = scene.ran.get(actor.page) ?? 0
  const know = (phase === 'active' || phase === 'warning') === (actor.hears !== 'out')
  if (know) actor.deafSince = null
  else actor.deafSince ??= ran
  scene.must(
    'I7: listeners know what is shown',
    actor.deafSince === null || ran - actor.deafSince < TELLING,
    () => `${actor.name} shows ${phase} while its listeners know ${actor.hears}`,
  )
}

function change(scene: Scene, actor: Actor, was: Snapshot, is: Snapshot): void {
  const now = scene.now()
  const [from, to] = [idOf(was), idOf(is)]
  scene.trace(`${actor.name} shows ${is.phase} ${to || ('reason' in is ? String(is.reason) : '')}`)
  scene.must('I10: a destroyed session shows nothing new', actor.destroyedAt === null, () => actor.name)
  if (to) {
    scene.must(
      'I5: no session is shown again',
      !actor.over.has(to),
      () => `${actor.name} shows ${to}, which it knew to be over`,
      {
        // Then a tab that missed the newer session prevails, or a sign-in that had begun before, in a page that was frozen in it.
        'a clock was set back, without storage':
          !actor.sound && scene.jumps.some(({ at, by }) => by < 0 && at >= (scene.lives.get(to)?.signInAt ?? 0)),
        'its record was put back after a clock was set back': isPutBack(scene, actor, to),
        // Then a tab that missed the note of the clock prevails with the session before.
        'a clock was set back, and storage was emptied since': isOutOfOrder(scene, to),
      },
    )
    let life = scene.lives.get(to)
    if (!life) {
      scene.must(
        'I12: sessions begin by a sign-in',
        // The next sign-in may have replaced it in the same task: then a page that was frozen shows it later, and no other.
        scene.signIns.size > 0 || scene.begun.has(to),
        () => `${actor.name} shows ${to}`,
      )
      // The tab that signed in may have crashed right after it.
      const began = is.phase === 'active' || is.phase === 'warning' ? realOf(scene, is.startedAt) : now
      const startedAt = Math.min(now - began > 1e3 ? began : now, scene.begun.get(to) ?? Infinity)
      // The tab that began it crashed, and the clock was set back before this page opened: nobody saw that who knew the session.
      const unseen = scene.jumps.filter(({ at, by }) => by < 0 && at >= startedAt && at < actor.bornAt)
      life = {
        id: to,
        startedAt,
        signInAt: Math.min(startedAt, ...[...scene.signIns].map(({ at }) => at)),
        signAt: startedAt,
        countedAt: startedAt,
        mayKnow: null,
        knewBefore: null,
        knewJustNow: null,
        toldOf: [],
        grantEnds: [...(scene.familiesOf.get(to) ?? [])].flatMap((family) => {
          const grant = scene.servers.grants.get(family)
          return grant ? [grant.issuedAt + scene.traits.grantLife] : []
        }),
        told: null,
        tokenAt: startedAt,
        tokenBy: null,
        storedAt: startedAt,
        withdrawnBy: null,
        keptAliveAt: startedAt,
        // A page that is still querying other tabs signs in and out after their answer.
        signOutCalled:
          now - scene.signOutAt < 1e3 ||
          // In a listener of the very step in which it began: no tab has shown it before.
          scene.signOutAt >= startedAt ||
          [...scene.actors].some(({ pending }) => [...pending].some(({ what }) => what === 'signOut')),
        ended: null,
        unseen: unseen.length > 0,
        putOff: unseen.reduce((sum, { by }) => sum - by, 0),
        behindAt: -Infinity,
        touchedAt: touchedAt(scene, to),
      }
      scene.lives.set(to, life)
    }
    if (from !== to) {
      scene.must(
        'I5: no ended session is shown',
        !life.ended,
        () => `${actor.name} shows ${to}, which had ended (${life.ended?.reason})`,
        ignorance(scene, actor, life),
      )
      const older = scene.lives.get(from)
      if (older)
        scene.must(
          'I5: a newer session is not displaced',
          life.startedAt >= older.startedAt,
          () => `${actor.name} shows ${to} in place of ${from}, which began later`,
          {
            'both began at the same time': older.startedAt - life.startedAt < onItsWay(scene) + 100,
            'a clock was set back': scene.jumps.some(({ at, by }) => by < 0 && at >= life.startedAt),
          },
        )
      actor.aliveSince = now
      actor.last = to
      if (from && !actor.page.prerendered) actor.over.add(from)
      if (actor.bornAt >= now - onItsWay(scene)) guessed(scene, actor, life)
    }
    if (is.phase === 'warning') {
      if (is.endsBy === 'idle') scene.must('I17: an idle end can be extended', is.canExtend, () => actor.name)
      actor.warnedSince ??= now
    } else actor.warnedSince = null
  } else if (is.phase === 'signedOut') {
    // A prerendered page guesses until it is opened: other tabs may know better.
    if (actor.page.prerendered) {
      actor.seen = is
      return
    }
    // If the session was replaced, and the next one is over as well, the snapshot shows the end of the next one.
    const life = scene.lives.get(recordOf(actor)?.id ?? from)
    if (from) actor.over.add(from)
    if (from && life) end(scene, actor, life, is)
    actor.warnedSince = null
  }
  actor.seen = is
}

/**
 * A page has learned of a session. If no tab saw the clock set back, the session lasts one idle timeout at most from now on,
 * provided that others can read the record of the page.
 */
export function guessed(scene: Scene, { page }: Actor, life: Life): void {
  if (!life.unseen || page.prerendered) return
  life.unseen = scene.isApart || !scene.world.storage.isAvailable
  life.signAt = scene.now()
}

/** The record of a tab as of now: its listeners may be told of the last step only when a lock is free. */
const recordOf = ({ session }: Actor): SharedRecord | null => contextOf(session, 'sim').record()

/** Checks an end that a tab shows: whether it is right, and whether a warning came before it. */
function end(scene: Scene, actor: Actor, life: Life, is: Extract<Snapshot, { phase: 'signedOut' }>): void {
  const now = scene.now()
  const { traits, jumps } = scene
  const { reason } = is
  life.ended ??= { at: now, reason: String(reason), sound: actor.sound, behind: isOverwritten(scene, life) }
  const endedAt = realOf(scene, is.endedAt ?? NaN)
  actor.over.add(life.id)
  const must = (rule: Rule, holds: boolean, text: string, excuses?: Excuses): void => {
    scene.must(rule, holds, () => `${actor.name} says that ${life.id} ended (${String(reason)}), ${text}`, excuses)
  }
  must('I7: an end has a reason', reason !== null, 'which is no reason here')
  if (reason === 'signOut') must('I7: `signOut` follows a sign-out', life.signOutCalled, 'but nobody signed out')
  if (reason === 'wiped')
    must(
      'I7: `wiped` follows a removal',
      Math.max(life.touchedAt.removed, life.touchedAt.robbed) >= life.signInAt,
      'but nobody removed it, nor its tokens',
      {
        'web storage has no transactions': isTorn(scene),
        // A tab that could not know of it treated its tokens as leftovers.
        'a tab could not know of the session': life.touchedAt.swept >= life.signInAt,
        // Another tab removed the used tokens, and could not store the new ones.
        'word of unstored tokens was lost':
          traits.lost > 0 && !actor.sound && life.touchedAt.withdrawn >= life.signInAt,
        // Its new tokens were in its memory, and it had not said so yet.
        'the tab that could not store its tokens is gone':
          life.touchedAt.withdrawn >= life.signInAt && life.withdrawnBy?.gone === true,
      },
    )
  if (reason === 'rejected')
    must(
      'I7: `rejected` follows a refusal',
      [...(scene.familiesOf.get(life.id) ?? [])].some((family) => scene.servers.grants.get(family)?.revoked),
      'but the server never refused it',
      { "a session by cookie ends by the server's clock": !scene.servers.usesTokens || traits.server === 'gateway' },
    )
  if (reason === 'idle' || reason === 'absolute') {
    const early = Math.round(earliestEnd(life, traits, jumps) - onItsWay(scene) - endedAt)
    must(
      reason === 'idle' ? 'I3: no idle end comes early' : 'I7: no absolute end comes early',
      early <= 0,
      `${early} ms too early`,
      reason === 'idle' ? earlyIdleEnd(scene, life, endedAt) : earlyAbsoluteEnd(scene, life, endedAt),
    )
    warned(scene, actor, life, reason, endedAt)
  }
}

function earlyIdleEnd(scene: Scene, life: Life, endedAt: number): Excuses {
  return {
    'tabs were apart': !wereTogether(scene, Math.min(life.countedAt, endedAt)),
    'its record was overwritten': isOverwritten(scene, life),
    // The tab has only its own knowledge.
    'its record was removed': life.touchedAt.removed >= life.countedAt,
    'a clock was set back unseen': life.unseen || life.putOff > 0,
    // Nobody posts to a page that is not there yet, and nobody posts it again.
    'a page opened while word of activity was on its way, without storage': [...scene.actors].some(
      ({ sound, bornAt }) => !sound && bornAt >= life.countedAt && bornAt <= life.countedAt + onItsWay(scene),
    ),
  }
}

function earlyAbsoluteEnd(scene: Scene, life: Life, endedAt: number): Excuses {
  return {
    'tabs were apart': !wereTogether(scene, Math.min(life.countedAt, endedAt)),
    'activity ahead was planted': life.touchedAt.ahead >= life.startedAt,
  }
}

/** I17: a tab that ran all the time, and knew of the session, has shown the warning for its full length. */
function warned(scene: Scene, actor: Actor, life: Life, reason: 'idle' | 'absolute', endedAt: number): void {
  const { traits } = scene
  // The lifetime of the tokens counts from the call: a clock that was set forward while it signed in takes that much of it.
  const taken = scene.jumps.reduce(
    (sum, { at, by }) => (at >= life.signInAt && at <= life.startedAt && by > 0 ? sum + by : sum),
    0,
  )
  const isOfGrant =
    reason === 'absolute' && life.grantEnds.some((at) => Math.abs(at - taken - endedAt) < traits.network + 1e3)
  const way = reason === 'idle' ? traits.idle : isOfGrant ? endedAt - life.startedAt : traits.absolute
  const length = Math.min(traits.warnBefore, way / 2)
  const from = endedAt - length
  const unnoticed = scene.jumps.reduce(
    (sum, { at, by }) => (at >= life.startedAt && by < 0 && -by <= UNNOTICED ? sum - by : sum),
    0,
  )
  const told = life.mayKnow
  // A clock that was set forward since takes that much of the time that the server gave.
  const toldAt = told?.sentAt ?? Infinity
  const forward = scene.jumps.reduce((sum, { at, by }) => (at >= toldAt ? sum + Math.max(0, by) : sum), 0)
  const isToldLate =
    (!!told && Math.min(told.idleEndsAt, told.absoluteEndsAt) - forward <= endedAt + 1e3) ||
    life.toldOf.some((at) => Math.abs(at - endedAt) < 1e3) ||
    // What is left of the grant counts from the arrival of a reply that was long on its way.
    (isOfGrant && life.grantEnds.some((at) => at > endedAt + traits.network))
  scene.must(
    'I17: a warning precedes an end',
    actor.warnedSince !== null &&
      actor.warnedSince <=
        from + onItsWay(scene) + (isOfGrant ? traits.network : 0) + Math.min(unnoticed, UNNOTICED) + 50,
    () =>
      `${actor.name} was warned ${actor.warnedSince === null ? 'never' : `${Math.round(actor.warnedSince - from)} ms late`} of the end of ${life.id} (${reason})`,
    {
      // The server gave no earlier notice.
      'the server told of less time than there was': isToldLate,
      // A tab that saw the jump comes back with the time that the others have lost.
      'a clock was set back unseen': life.putOff > 0 || life.unseen || isMisled(scene, actor),
      'the page did not run':
        actor.unaware || actor.page.frozen || actor.page.timersEvery > 0 || actor.awakeSince > from - 1e3,
      'the tab came to know of the session later': actor.aliveSince > from - 1e3,
      // Since the last activity, where the tab that knows of that did not hear of it.
      'its record was overwritten':
        life.touchedAt.overwritten > from || (traits.lost > 0 && life.touchedAt.overwritten >= life.signAt),
      'activity ahead was planted': life.touchedAt.ahead >= life.startedAt,
      'tabs were apart': !wereTogether(scene, from - 1e3),
      // A page that opens may miss messages during its query, and end the session for all tabs.
      'the tab is without storage':
        !actor.sound && reason === 'idle' && endedAt < life.signAt + traits.idle - onItsWay(scene),
      // The clock was set back since the end, which now lies in the future.
      'the clock was set back': endedAt > scene.now() + 1e3,
      // Nothing tells then how old the first tokens are. Later ones do.
      'a clock was set back as it signed in':
        isOfGrant && scene.jumps.some(({ at, by }) => by < 0 && at >= life.signInAt && at <= life.startedAt),
      // Activity closed the warning here while another tab reached the end.
      'activity was on its way': life.signAt > endedAt - onItsWay(scene),
    },
  )
}

/** Notes input of a user that may count as activity. */
export function sign(scene: Scene, actor: Actor): void {
  // The last reading of a page that is gone is unknown.
  const lives = actor.page.gone ? [...scene.lives.values()] : [lifeOf(scene, actor)]
  for (const life of lives)
    if (life && scene.now() <= latestEnd(life, scene.traits, scene.jumps)) life.signAt = scene.now()
}

/** After each step of a tab: checks its snapshot and its deadlines. */
export function hinted(scene: Scene, actor: Actor): void {
  if (!isAwake(actor)) return
  look(scene)
  const shown = idOf(actor.seen)
  const last = scene.lives.get(actor.last)
  if (last?.ended)
    scene.must(
      'I2: no session is shown after its end was known',
      shown !== last.id,
      () => `${actor.name} shows ${last.id} after it ended (${last.ended?.reason})`,
      ignorance(scene, actor, last),
    )
  const life = scene.lives.get(shown)
  const buried = scene.world.storage.isAvailable ? endIn(scene, actor) : ''
  const now = scene.now()
  if (buried && buried === actor.last)
    scene.must(
      'I2: no session is shown beside its tombstone',
      shown !== buried,
      () => `${actor.name} shows ${buried}`,
      {
        // The document that writes gets no storage event: a second session there notices the write at its next hint.
        'another session in the page wrote it just now':
          !!life &&
          (life.ended?.at === now || life.touchedAt.exhumed === now) &&
          [...scene.actors].some((other) => other !== actor && other.page === actor.page),
      },
    )
  if (!life) return
  const { traits, jumps } = scene
  const latest = latestEnd(life, traits, jumps)
  const lost: Excuses = { 'a clock was set back unseen': latest === Infinity || isMisled(scene, actor) }
  scene.must(
    'I1: no session is shown past its end',
    now <= latest,
    () => `${actor.name} shows ${life.id} ${Math.round(now - latest)} ms past its end`,
    lost,
  )
  const deadlines = actor.session.deadlines()
  if (!deadlines || deadlines.endAt === Infinity) return
  const endAt = realOf(scene, deadlines.endAt)
  scene.must(
    'I1: no deadline lies behind the latest end',
    endAt <= latest,
    () => `${actor.name} will end ${life.id} ${Math.round(endAt - latest)} ms too late`,
    {
      ...lost,
      // The record of the tab that saw it has not arrived yet.
      'a clock was set back a moment ago': jumps.some(({ at, by }) => by < 0 && now - at < onItsWay(scene)),
      // The document that writes gets no storage event: a second session there may know only the planted record.
      'the tab came to know of the session by a planted record':
        actor.aliveSince >= life.touchedAt.planted &&
        (actor.aliveSince <= life.touchedAt.planted + onItsWay(scene) || isUncorrected(scene)),
    },
  )
  const early = Math.round(earliestEnd(life, traits, jumps) - onItsWay(scene) - endAt)
  scene.must(
    'I3: no deadline lies before the earliest end',
    early <= 0,
    () => `${actor.name} will end ${life.id} ${early} ms too early`,
    {
      'tabs were apart': !wereTogether(scene, life.countedAt),
      'its record was overwritten': isOverwritten(scene, life),
      'a clock was set back unseen': life.unseen || life.putOff > 0,
      // It took the place of a record that this tab had not read.
      'word of a newer session is on its way': [...scene.lives.values()].some(
        ({ startedAt }) => startedAt > life.startedAt && now - startedAt < onItsWay(scene),
      ),
    },
  )
}

/** Whether the page that knows what it has planted is prerendered, or its correction is on its way. */
const isUncorrected = (scene: Scene): boolean => {
  const { planter } = scene
  return !!planter && (planter.page.prerendered || scene.now() <= planter.awakeSince + onItsWay(scene))
}

/** The id in the tombstone that this tab can read. */
function endIn(scene: Scene, { page }: Actor): string {
  const text = scene.world.storage.of(page).getItem(`${KEY}:end`)
  try {
    const { id, endedAt } = JSON.parse(text ?? 'null') as { id: unknown; endedAt: unknown }
    return typeof id === 'string' && typeof endedAt === 'number' ? id : ''
  } catch {
    return ''
  }
}

/** Checks an act for the session: I1, I2. */
export function acted(scene: Scene, actor: Actor, what: string): void {
  // The page may have read the record in this very task, and the knowledge of a page that crashed in it is unknown.
  look(scene)
  if (actor.page.gone) return
  const life = lifeOf(scene, actor)
  scene.must('I1: nothing acts while signed out', !!life, () => `${what} by ${actor.name}`)
  if (!life) return
  const latest = latestEnd(life, scene.traits, scene.jumps)
  const late = scene.now() - latest
  scene.must(
    'I1: nothing acts past the end',
    late <= 0,
    () => `${what} by ${actor.name}, ${Math.round(late)} ms past the end of ${life.id}`,
    { 'a clock was set back unseen': latest === Infinity },
  )
  scene.must(
    'I2: nothing acts after the end was known',
    !life.ended,
    () => `${what} by ${actor.name} after ${life.id} ended (${life.ended?.reason})`,
    ignorance(scene, actor, life),
  )
}

const isOf = (scene: Scene, { id }: Life, family: string): boolean => !!scene.familiesOf.get(id)?.has(family)

/** Checks a token that was returned to a caller. */
export function handedOut(scene: Scene, actor: Actor, text: string): void {
  acted(scene, actor, 'a token')
  const life = lifeOf(scene, actor)
  const token = scene.servers.tokenOf(text)
  if (!life || !token) return
  scene.must(
    'I5: tokens belong to the session that is shown',
    isOf(scene, life, token.family),
    () => `${actor.name} was handed a token of ${token.family}, and shows ${life.id}`,
    {
      // A listener of the refresh has signed in: promises of one task are told one after the other.
      'a session began or ended in the same moment': scene.now() - life.startedAt < 1,
    },
  )
  const setBack = scene.jumps.some(({ at, by }) => by < 0 && at >= token.issuedAt)
  const late = scene.now() - token.issuedAt - scene.traits.tokenLife
  scene.must(
    'S35: no expired token is handed out',
    late <= scene.traits.network + 1e3,
    () => `${actor.name} was handed a token that expired ${Math.round(late)} ms ago`,
    {
      'the clock was set back': setBack,
      // Storing it may have taken longer than its lifetime.
      'timers are late': actor.page.timersEvery > 0 || (scene.ran.get(actor.page) ?? 0) < actor.lateUntil,
    },
  )
}

/** A call arrives at the server. */
export function called(scene: Scene, call: Call): void {
  const { actor, method } = call
  scene.trace(`${actor.name} calls ${method} ${call.family}.${call.number}`)
  if (method === 'signOut') {
    revoked(scene, call)
    return
  }
  acted(scene, actor, `a call (${method})`)
  const life = lifeOf(scene, actor)
  if (!life) return
  if (method === 'refresh') checkPause(scene, actor, call.family)
  if (method === 'refresh') refreshed(scene, call, life)
  if (method === 'keepAlive') keptAlive(scene, call, life)
}

const isDuplicate = (a: Call, b: Call): boolean =>
  a.method === b.method && a.family === b.family && a.number === b.number

function refreshed(scene: Scene, call: Call, life: Life): void {
  const { servers, traits, jumps, now } = scene
  const { actor, family, number } = call
  if (family)
    scene.must(
      'I5: a refresh belongs to the session that is shown',
      isOf(scene, life, family),
      () => `${actor.name} refreshes ${family}, and shows ${life.id}`,
    )
  // A jump that is not noticed moves the time of flagged input by as much.
  const slack = jumps.some(({ at, by }) => by < 0 && at >= life.signAt - FLUSH) ? UNNOTICED : 0
  const isAsked =
    actor.wantedAt >= Math.min(life.tokenAt, now() - 70e3) ||
    // In a page that nobody has opened yet, `verify()` waits for as long as that takes.
    [...actor.pending].some(({ what }) => what === 'getAccessToken' || what === 'verify')
  const isEndUnheard = !!life.ended && now() <= sent(scene, life.ended.at) + onItsWay(scene)
  if (!isAsked) {
    const wasActive = life.signAt > life.tokenAt - FLUSH - slack - 1
    const rules: readonly Rule[] = [
      ...(traits.connection === 'none' ? [] : ['I19: no refresh for a connection of an idle user' as const]),
      'I16: no refresh without activity',
    ]
    const text = (): string => `${actor.name} refreshes although nobody was there since the token came`
    const excuses: Excuses = {
      // All tabs may send a refresh at once, and each takes as long as store and server do.
      'locks do not work': traits.locks !== 'work' && now() - life.tokenAt < 15e3,
      'tokens are not shared': traits.store !== 'shared',
      'the token store failed': hasStoreFailed(scene, life.signInAt),
      'tabs were apart': !wereTogether(scene, life.startedAt),
      // It was the session's own end that took the tokens away.
      'word of the end is on its way': isEndUnheard,
      // The tokens are gone, and the record that this tab knows says that there are some.
      'word of a newer session is on its way': [...scene.lives.values()].some(
        ({ startedAt }) => startedAt > life.startedAt && now() - startedAt < onItsWay(scene),
      ),
      // The session of a gateway requests other tokens if its own were displaced by a sign-in that never wrote its record.
      'a tab crashed as it signed in': [...scene.signIns].some(({ at, page }) => page.gone && at >= life.startedAt),
      // By the record, the user was active since the last token. The store had a later one, which has expired as well.
      'a tab crashed before it noted its token':
        actor.adopted.at >= (actor.connectingSince ?? Infinity) && (actor.adopted.from as Page | null)?.gone === true,
    }
    for (const rule of rules) scene.must(rule, wasActive, text, excuses)
  }
  if (!family || traits.store === 'memory') return

  const before = servers.calls.filter((other) => isDuplicate(other, call))
  const isApart = !wereTogether(scene, life.startedAt)
  const apart: Excuses = {
    // A tab that does not know of the end yet finds the store empty, and uses its own tokens.
    'word of the end is on its way': isEndUnheard,
    // If tabs can neither read the same storage nor reach each other, each is alone.
    'tabs were apart': isApart,
    'messages are slow without storage': !scene.world.storage.isAvailable && traits.delay > 250,
  }
  const inForce = (scene.storedNumber.get(family) ?? 0) > number
  const known = before.filter(({ done, told, actor: other, at }) => done && told && (inForce || other.refreshedAt > at))
  const once: Excuses = {
    'locks do not work': traits.locks !== 'work',
    // A lost write of new tokens has the effect of a lost reply, if the next tab cannot read the record of it yet.
    'the token store failed': hasStoreFailed(scene, life.signInAt) && (traits.lag > 0 || !actor.sound),
    'web storage has no transactions': isTorn(scene) && servers.grants.size > 1,
    'WebKit took the lock from a cached page': now() - scene.unlockedAt < 70e3,
  }
  // Each of these excuses one more call.
  const isOnce = known.length === 1
  scene.must(
    'I4: no refresh token is sent twice',
    known.length === 0,
    () =>
      `${actor.name} sends ${family}.${number} again, whose successor was stored ${Math.round(now() - (known[0]?.at ?? 0))} ms after the first call`,
    isOnce ? { ...apart, ...once } : apart,
  )
  const rival = before.find(
    ({ actor: other, signal, settled, at }) =>
      other !== actor &&
      // A page that runs gives up a request after twice 10 s, and no tab waits for a frozen one.
      now() - at <= 20e3 &&
      // A page that loses its lock in WebKit's cache during a request does not know that, and may come back with the reply.
      at > scene.unlockedAt &&
      !settled &&
      !signal.aborted &&
      !other.page.gone &&
      !other.page.cached &&
      other.destroyedAt === null,
  )
  scene.must(
    'I4: no refresh token is sent by two tabs at once',
    !rival,
    () => `${actor.name} and ${rival?.actor.name} send ${family}.${number}`,
    {
      'tabs were apart': isApart,
      'locks do not work': traits.locks !== 'work',
      // A tab that released its lock after a timeout posts that, and the others wait 300 ms for the message.
      'messages are slow without storage': traits.delay > 250 && !scene.world.storage.isAvailable,
      // Then tabs disagree on the time until which no call is allowed.
      'a clock was set back unseen': life.putOff > 0,
    },
  )
}

function keptAlive(scene: Scene, { actor, at }: Call, life: Life): void {
  // A call that failed is repeated.
  const before = scene.servers.calls.findLast((call) => call.actor === actor && call.method === 'keepAlive')
  if (actor.extending || before?.told === false) return
  scene.must(
    'I16: no keep-alive without activity',
    life.signAt > life.keptAliveAt - FLUSH - 1,
    () => `${actor.name} tells the server of a user who did nothing for ${Math.round(at - life.signAt)} ms`,
    { 'tabs were apart': !wereTogether(scene, life.keptAliveAt) },
  )
}

/** I7: a grant is revoked once. */
function revoked(scene: Scene, call: Call): void {
  if (!call.family || scene.traits.store === 'memory') return
  // Tokens of a refresh in the meantime are revoked as well.
  const before = scene.servers.calls.filter(
    (other) =>
      other.method === 'signOut' &&
      other.family === call.family &&
      other.number === call.number &&
      // A revocation that failed, or whose reply was lost, may be sent again: RFC 7009 §2.2 allows that.
      (other.told || !other.settled),
  )
  const { issuedAt = 0 } = scene.servers.grants.get(call.family) ?? {}
  const given = scene.servers.calls.filter(
    ({ method, family, number, told }) =>
      method === 'refresh' && family === call.family && number === call.number - 1 && told,
  )
  const holders = new Set(given.map(({ actor }) => actor)).size
  scene.must('I7: a grant is revoked once', before.length === 0, () => call.family, {
    // In its time of grace, where the tab did not know yet that the other had ended the session (I4 checks that). Any tab may find
    // what it stored: then one may revoke what the other had stored, and what it was given itself.
    'the server gave each tab the same tokens':
      before.length > 0 &&
      holders > 1 &&
      (before.length < holders || before.every((other) => other.actor !== call.actor)),
    'the token store failed': hasStoreFailed(scene, issuedAt),
    'tabs were apart': !wereTogether(scene, issuedAt),
    // Two tabs may both get the removed tokens.
    'web storage has no transactions': scene.traits.store === 'local',
  })
}

/** I5: no tab removes the tokens of a live session. */
export function cleared(scene: Scene, page: Page, id: string): void {
  const { traits } = scene
  // If nothing can be stored, there is nothing to remove.
  if (page.gone || traits.store === 'memory' || (traits.store === 'local' && !traits.storage)) return
  look(scene)
  const life = scene.lives.get(id)
  // No tab has shown it yet: its own crashed as it signed in, and its record is on its way by a message at most.
  if (!life && [...scene.signIns].some((signIn) => signIn.page.gone)) touch(scene, id, 'swept')
  // It was over in the step in which it began. A tab that misses word of its end shows it later.
  const isOverHere = [...scene.actors].some((actor) => {
    const record = recordOf(actor)
    return actor.page === page && record?.id === id && !isLive(record)
  })
  if (!life && isOverHere) touch(scene, id, 'robbed')
  if (!life) return
  const isKnown = [...scene.actors].every((one) => one.page !== page || idOf(one.session.getSnapshot()) === id)
  // The tab reads another session in storage, or none.
  const isUnread =
    decodedOf(scene)?.id !== id &&
    (life.touchedAt.overwritten >= life.startedAt ||
      // A process that lagged wrote the session before over it, and the tab that began it learns of that too late to write it again.
      (traits.lag > 0 && (traits.lost > 0 || traits.delay > 250)))
  // Its own tab crashed between its message and its write. A prerendered page may have heard the message.
  const isUnwritten =
    decodedOf(scene)?.id !== id &&
    !scene.begun.has(id) &&
    [...scene.signIns].some(({ at, page }) => page.gone && at <= life.startedAt)
  // A tab that missed the note of the clock has ended the session before, and written that over this one.
  const isCovered = [...scene.lives.keys()].some(
    (other) => other !== id && named(scene).end === other && isOutOfOrder(scene, other),
  )
  if (life.ended) touch(scene, id, 'robbed')
  else if (isKnown && hasStoreFailed(scene, life.tokenAt)) {
    touch(scene, id, 'withdrawn')
    life.withdrawnBy = page
  } else if (!isKnown && (isUnread || isUnwritten || isCovered || !wereTogether(scene, life.startedAt)))
    touch(scene, id, 'swept')
  // A session that was over as it began has replaced it: its tokens had come long before. No tab ever shows such a session.
  const isReplaced = [...scene.actors].some((actor) => {
    const record = recordOf(actor)
    return actor.page === page && record && !isLive(record) && !scene.lives.has(record.id)
  })
  // The page that the server made says that nobody is signed in, and its tab had not shown the session yet. Without storage it
  // cannot tell an old page out of a cache.
  const isRefused = [...scene.actors].some((actor) => {
    const record = recordOf(actor)
    const isSo = actor.page === page && record?.id === id && record.reason === 'rejected'
    const { isAvailable } = scene.world.storage
    return isSo && scene.rendered.some(({ login, at }) => !login && (at >= life.startedAt || !isAvailable))
  })
  const lives = !life.ended && !isReplaced && !isRefused && !life.signOutCalled && [...scene.lives.keys()].at(-1) === id
  // A prerendered page has heard of sessions, and says nothing to a page that asks.
  const ids = [...scene.actors]
    .filter((actor) => isAwake(actor) && actor.page !== page && !actor.page.prerendered)
    .map((one) => idOf(one.seen))
  scene.must(
    'I5: no tokens are removed from a live session',
    !(lives && ids.includes(id) && ids.every((other) => !other || other === id)),
    () => `${page.name} removes the tokens of ${id}, which lives`,
    {
      'web storage has no transactions': isTorn(scene),
      'the token store failed': hasStoreFailed(scene, life.signInAt),
      'tabs were apart': !wereTogether(scene, life.startedAt),
      // Messages come by channel only, and a tab waits 300 ms for them.
      'messages are slow without storage': !scene.world.storage.isAvailable && traits.delay > 250,
      // A page that opens now may be the first to see the end.
      'the end has come': scene.now() >= earliestEnd(life, traits, scene.jumps) - onItsWay(scene),
      'activity ahead was planted': life.touchedAt.ahead >= life.startedAt,
      // For a page that opens, the tokens are leftovers.
      'its record was removed': life.touchedAt.removed >= life.startedAt,
      'its record was overwritten': isUnread,
      'a clock was set back, and storage was emptied since': isCovered,
    },
  )
}

/** A reply has reached the page that made the call. */
export function told(scene: Scene, { actor, method, at }: Call, result: unknown): void {
  const life = lifeOf(scene, actor)
  scene.trace(`${actor.name} is answered ${method} ${JSON.stringify(result)}`)
  if (!life) return
  // The lifetime of a token counts from its arrival.
  if (method === 'refresh') {
    const { access_token, authorization_expires_in } = result as TokenResponse
    scene.servers.arrived(access_token)
    // The lifetime of the grant, too: the machine may sleep while the reply is on its way.
    if (authorization_expires_in !== undefined)
      life.grantEnds.push(scene.now() + Number(authorization_expires_in) * 1e3)
  }
  if (method === 'keepAlive')
    // Two tabs may report the same activity while the claim of the first is on its way.
    scene.world.time.later(browser, onItsWay(scene), () => {
      life.keptAliveAt = Math.max(life.keptAliveAt, at)
    })
  const { idleExpiresIn, absoluteExpiresIn } = Object(result) as ServerTimes
  if (idleExpiresIn === undefined || absoluteExpiresIn === undefined) return
  // More idle time than was known is activity elsewhere. The first reply cannot show that the idle timeout of the server is longer
  // than ours, nor which keep-alive the server got if its reply was lost.
  const idleEndsAt = at + idleExpiresIn * 1e3
  // The last reply may be lost with the page that got it.
  const isKnown = life.told?.sentAt === life.mayKnow?.sentAt
  const isMore = [life.mayKnow, isKnown ? life.mayKnow : life.knewBefore].some((known) =>
    known ? idleEndsAt > known.idleEndsAt : idleEndsAt <= at + scene.traits.idle,
  )
  if (method === 'check' && isMore) life.signAt = Math.max(life.signAt, Math.min(at, idleEndsAt))
  // After a clock was set forward, the next reply has more time than the last one: as if there had been activity right after it.
  const lastAt = life.mayKnow?.sentAt ?? Infinity
  if (method === 'check' && scene.jumps.some((jump) => jump.by > 0 && jump.at >= lastAt))
    life.signAt = Math.max(life.signAt, lastAt)
  // The earlier of two ends from the same moment counts.
  const mayKnow = {
    sentAt: at,
    idleEndsAt: Math.min(idleEndsAt, life.mayKnow?.sentAt === at ? life.mayKnow.idleEndsAt : Infinity),
    absoluteEndsAt: at + absoluteExpiresIn * 1e3,
  }
  life.knewBefore = life.knewJustNow = life.mayKnow
  life.mayKnow = mayKnow
  life.toldOf.push(mayKnow.idleEndsAt, mayKnow.absoluteEndsAt)
  // A tab that crashes before its write has arrived leaves the others without the new ends.
  scene.world.time.later(browser, onItsWay(scene), () => {
    if (actor.page.gone) return
    life.knewJustNow = null
    if (!actor.sound) return
    // The reply to an earlier call is outdated, even if the later reply has no times.
    if (scene.servers.calls.some((call) => call.answered && call.method !== 'refresh' && call.at > at)) return
    // The absolute end does not move, except by the duration of a call.
    life.told = { ...mayKnow, absoluteEndsAt: Math.max(life.told?.absoluteEndsAt ?? 0, mayKnow.absoluteEndsAt) }
  })
}
