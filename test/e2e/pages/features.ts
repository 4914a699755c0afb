/** Takes browser features away, as they are missing in the field. */

export type Feature = 'locks' | 'channel' | 'localStorage' | 'indexedDB'

const names: Readonly<Record<Feature, readonly [owner: object, name: string]>> = {
  locks: [Navigator.prototype, 'locks'],
  channel: [window, 'BroadcastChannel'],
  localStorage: [window, 'localStorage'],
  indexedDB: [window, 'indexedDB'],
}

/** As in browsers that never had it: old ones, and those that have it in secure contexts only. */
export function takeAway(feature: Feature): void {
  const [owner, name] = names[feature]
  if (feature === 'channel') Reflect.deleteProperty(owner, name)
  else Object.defineProperty(owner, name, { configurable: true, value: undefined })
}

/** As where it is there and refused: by a setting, in a private window, in a frame of another site. */
export function deny(feature: Feature): void {
  const refused = (): DOMException => new DOMException(`${feature} is denied`, 'SecurityError')
  const refuse = (): never => {
    throw refused()
  }
  switch (feature) {
    case 'locks':
      LockManager.prototype.request = () => Promise.reject(refused())
      return
    case 'channel':
      window.BroadcastChannel = function () {
        refuse()
      } as unknown as typeof BroadcastChannel
      return
    case 'localStorage':
      Object.defineProperty(window, 'localStorage', { configurable: true, get: refuse })
      return
    case 'indexedDB':
      IDBFactory.prototype.open = refuse
  }
}
