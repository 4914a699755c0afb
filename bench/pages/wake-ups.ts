/** Counts the timers that a page has, and those that fire. Has to be loaded before what sets them. */
const pending = new Set<unknown>()
let fired = 0

type Method = (...args: unknown[]) => unknown

const methods = window as unknown as Record<string, Method>
for (const name of ['setTimeout', 'setInterval']) {
  const original = methods[name]!.bind(window)
  methods[name] = (callback, ...args) => {
    const id = original(
      () => {
        fired++
        if (name === 'setTimeout') pending.delete(id)
        ;(callback as Method)()
      },
      ...args,
    )
    pending.add(id)
    return id
  }
}
for (const name of ['clearTimeout', 'clearInterval']) {
  const original = methods[name]!.bind(window)
  methods[name] = (id) => {
    pending.delete(id)
    return original(id)
  }
}

export const timersPending = (): number => pending.size
export const timersFired = (): number => fired
