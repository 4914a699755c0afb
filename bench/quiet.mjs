// @ts-check

// Other programs on the machine are waited for, between one measurement and the next.

import { cpus } from 'node:os'

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Share of the processors that may be busy. */
const BUSY = 0.1
const SAMPLE = 200
/** Who has waited this long in all, ms, waits no more. */
const PATIENCE = 15 * 60_000

let waited = 0

const times = () =>
  cpus().reduce(
    (sum, { times: { user, nice, sys, idle, irq } }) => ({
      idle: sum.idle + idle,
      all: sum.all + user + nice + sys + idle + irq,
    }),
    { idle: 0, all: 0 },
  )

/** Resolves when nothing much has run for a moment. */
export async function quiet() {
  for (;;) {
    const before = times()
    await pause(SAMPLE)
    const after = times()
    const busy = 1 - (after.idle - before.idle) / (after.all - before.all)
    if (!(busy > BUSY) || waited >= PATIENCE) return
    waited += SAMPLE
  }
}

/** What is to be said of it, if anything. */
export const disturbance = () =>
  waited >= PATIENCE ? 'This machine was too busy for too long: do not trust these figures.' : null
