const KEY = 'demo:machine'

/** What can be wrong with the machine that all tabs run on: it has no network, and its clock is `ahead` by so many milliseconds. */
const SOUND = { offline: false, ahead: 0 }

/** The page's own, before anything is wrong. */
const now = Date.now.bind(Date)
const request = globalThis.fetch

/** @returns {typeof SOUND} */
export function readMachine() {
  try {
    return { ...SOUND, ...JSON.parse(localStorage.getItem(KEY)) }
  } catch {
    return SOUND
  }
}

/** @param {Partial<typeof SOUND>} change */
export function changeMachine(change) {
  localStorage.setItem(KEY, JSON.stringify({ ...readMachine(), ...change }))
}

/** @param {() => void} listener hears of what another tab has changed */
export function onMachine(listener) {
  addEventListener('storage', ({ key }) => key === KEY && listener())
}

/** Lets this page have what is wrong with the machine, as in a browser on it: requests fail, the page is told, the clock is off. */
export function liveOnMachine() {
  let { offline, ahead } = readMachine()
  Date.now = () => now() + ahead
  globalThis.fetch = (...what) => (offline ? Promise.reject(new TypeError('No network')) : request(...what))
  Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => !offline })
  onMachine(() => {
    const wasOffline = offline
    ;({ offline, ahead } = readMachine())
    if (offline !== wasOffline) dispatchEvent(new Event(offline ? 'offline' : 'online'))
  })
}
