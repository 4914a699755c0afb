const KEY = 'demo:machine'

/** Faults of the machine that all tabs run on: it has no network, or its clock is `ahead` by so many milliseconds. */
const SOUND = { offline: false, ahead: 0 }

/** The browser's own functions, without a fault. */
const now = Date.now.bind(Date)
const request = globalThis.fetch
const Socket = globalThis.WebSocket

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

/** @param {() => void} listener called when another tab has changed a fault */
export function onMachine(listener) {
  addEventListener('storage', ({ key }) => key === KEY && listener())
}

/** Applies the faults to this page, as a browser on such a machine would: requests fail, events are dispatched, the clock is off. */
export function liveOnMachine() {
  let { offline, ahead } = readMachine()
  /** Aborts what is under way when the network goes. */
  let network = new AbortController()
  Date.now = () => now() + ahead
  globalThis.fetch = (input, init = {}) => {
    if (offline) return Promise.reject(new TypeError('No network'))
    const signals = [network.signal, init.signal ?? input.signal].filter(Boolean)
    // Missing in Safari before 17.4: there a stream goes on without the network.
    return request(input, AbortSignal.any ? { ...init, signal: AbortSignal.any(signals) } : init)
  }
  globalThis.WebSocket = class extends Socket {
    constructor(...what) {
      super(...what)
      const { signal } = network
      const cut = () => this.close()
      signal.addEventListener('abort', cut)
      this.addEventListener('close', () => signal.removeEventListener('abort', cut))
      if (offline) cut()
    }
  }
  Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => !offline })
  onMachine(() => {
    const wasOffline = offline
    ;({ offline, ahead } = readMachine())
    if (offline && !wasOffline) {
      network.abort(new TypeError('No network'))
      network = new AbortController()
    }
    if (offline !== wasOffline) dispatchEvent(new Event(offline ? 'offline' : 'online'))
  })
}
