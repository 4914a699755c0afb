/**
 * All rules, by the promise or scenario (S) that each belongs to, and how often each must be checked per 1,000 worlds: about half
 * of the average, so that a rule that is switched off by excuses is noticed.
 */
export const FLOORS = {
  'I1: no session is shown past its end': 1900,
  'I1: no deadline lies behind the latest end': 1800,
  'I1: nothing acts past the end': 880,
  'I1: nothing acts while signed out': 890,
  'I2: no session is shown after its end was known': 880,
  'I2: no session is shown beside its tombstone': 1000,
  'I2: nothing acts after the end was known': 890,
  'I2: a stale page is hidden': 0.8,
  'I2: the tab that signs out shows it at once': 41,
  'I2: a sign-out reaches all tabs': 730,
  'I3: no deadline lies before the earliest end': 1200,
  'I3: no idle end comes early': 110,
  'I4: no refresh token is sent twice': 200,
  'I4: no refresh token is sent by two tabs at once': 160,
  'I5: no session is shown again': 1800,
  'I5: no ended session is shown': 1500,
  'I5: tokens belong to the session that is shown': 85,
  'I5: a refresh belongs to the session that is shown': 320,
  'I5: no tokens are removed from a live session': 100,
  'I5: nobody extends while signed out': 68,
  'I5: a new sign-in takes effect': 410,
  'I5: a new sign-in has tokens of its own': 190,
  'I5: a newer session is not displaced': 2300,
  'I5: an end is written': 6500,
  'I6: tabs agree': 410,
  'I6: who asks for a token as soon as a tab shows a new session gets one': 100,
  'I6: tabs get tokens of the same grant': 18,
  'I6: a new sign-in succeeds': 500,
  'I6: a new sign-in reaches all tabs': 200,
  'I6: a session whose tokens all tabs share has tokens': 50,
  'I6: who awaits `setTokens()` is given those tokens': 3,
  'I7: an end has a reason': 1000,
  'I7: `signOut` follows a sign-out': 820,
  'I7: `wiped` follows a removal': 21,
  'I7: `rejected` follows a refusal': 8,
  'I7: no absolute end comes early': 10,
  'I7: events follow each other in order': 1400,
  'I7: listeners know what is shown': 300_000,
  'I7: what somebody waits for is tried': 2.5,
  'I7: a grant is revoked once': 93,
  'I7: `signed_out` and `rejected` are said of a session that is over': 450,
  'I7: an error in the back-off names the failure that caused it': 3,
  'I7: listeners know of a sign-in before its promise resolves': 500,
  'I7: `here` is the tab that did it': 1600,
  'I7: steps follow each other': 24_000,
  'I7: a new snapshot shows something new': 24_000,
  'I7: what is rendered is what is shown': 170_000,
  'I7: who asks again when an error says gets an answer of the server': 1,
  'I8: no promise waits for ever': 960,
  'I8: promises settle when faults stop': 1900,
  'I8: locks are released': 500,
  'I8: the world comes to rest': 500,
  'I9: no token in web storage': 4600,
  'I9: no token in a message': 2600,
  'I9: no token in an error': 780,
  'I9: no token in an event': 110,
  'I9: no token in a step': 580,
  'I9: no token is left after the end': 500,
  'I9: no token lies there while nobody is signed in': 170,
  'I9: tokens are revoked at the end': 77,
  'I9: who awaits `signOut()` finds its tokens gone': 20,
  'I10: a destroyed session shows nothing new': 4300,
  'I10: a destroyed session listens to nothing': 2000,
  'I10: a destroyed session has no timer': 1100,
  'I10: a destroyed session holds no lock': 1100,
  'I10: no timers while signed out': 730,
  'I10: no input listeners while signed out': 730,
  'I11: an import touches nothing': 500,
  'I12: nothing is reported': 31_000,
  'I12: sessions begin by a sign-in': 950,
  'I12: junk changes nothing': 110,
  'I12: errors have a code': 780,
  'I12: nothing is thrown': 500,
  "I14: another application's session is left alone": 1200,
  "I14: another application's tokens are left alone": 33,
  'I14: an application leaves the tokens of others alone': 130,
  'I14: tokens go to the server of their own application': 360,
  'I14: what is written bears the name of its session': 2000,
  'I16: no refresh without activity': 98,
  'I16: no keep-alive without activity': 27,
  'I16: a prerendered page does nothing': 160,
  'I17: a warning precedes an end': 63,
  'I17: a warning can be answered': 4,
  'I17: an idle end can be extended': 180,
  'I17: an answer closes the warning': 70,
  'I18: no data are used past the end': 800,
  'I18: no data are used after the end was known': 800,
  'I18: data are used for the session that is shown': 800,
  'I18: data belong to one session': 45,
  'I18: data of a live session are not lost': 25,
  'I18: a user takes over what a visitor kept': 2,
  'I18: what is written can be read': 750,
  'I18: a full disk alone throws': 8,
  'I18: nothing is left of an ended session': 480,
  'I19: nothing of a session is delivered in another, or after its end': 1100,
  'I19: no connection outlives its session': 2400,
  'I19: a page that is left has no connection': 2400,
  'I19: no refresh for a connection of an idle user': 20,
  'S124: `verify` says whether the session goes on': 12,
  'S134: an old page changes nothing': 1,
  'S134: the first render shows whom the server knows': 17,
  'S134: what `adoptPage` returns is so': 22,
  'S25: no failure reaches a caller while a token is valid': 30,
  'S26: no tab asks the server again before the time that it named': 8,
  'S35: no expired token is handed out': 100,
} as const satisfies Record<string, number>

export type Rule = keyof typeof FLOORS

/** How often a rule was checked without an excuse, and how often each excuse applied. */
export interface Count {
  looked: number
  readonly excused: Record<string, Excused>
}

/** `applied`: how often the excuse applied; `needed`: how often the rule would have been broken without it. */
export interface Excused {
  applied: number
  needed: number
}

export type Counts = Partial<Record<Rule, Count>>

/** The excuses of a check by name, and whether each applies. */
export type Excuses = Readonly<Record<string, boolean>>

/** Counts one check of a rule. Returns true if an excuse applies. */
export function count(counts: Counts, rule: Rule, holds: boolean, excuses: Excuses): boolean {
  const of = (counts[rule] ??= { looked: 0, excused: {} })
  let isExcused = false
  for (const name in excuses)
    if (excuses[name]) {
      isExcused = true
      const one = (of.excused[name] ??= { applied: 0, needed: 0 })
      one.applied++
      if (!holds) one.needed++
    }
  if (!isExcused) of.looked++
  return isExcused
}

/** Adds the counts of one world to those of others. */
export function addCounts(sum: Counts, more: Counts): void {
  for (const [rule, { looked, excused }] of Object.entries(more) as [Rule, Count][]) {
    const of = (sum[rule] ??= { looked: 0, excused: {} })
    of.looked += looked
    for (const [name, { applied, needed }] of Object.entries(excused)) {
      const one = (of.excused[name] ??= { applied: 0, needed: 0 })
      one.applied += applied
      one.needed += needed
    }
  }
}
