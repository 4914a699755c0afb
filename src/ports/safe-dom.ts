import { outsideZones } from '../util/zones.js'

/**
 * Window and document as the browser made them. An element replaces the member that has its `id` or `name` (DOM clobbering), and
 * HTML from users may contain any: https://html.spec.whatwg.org/multipage/dom.html#dom-tree-accessors, OWASP ASVS 5.0 §3.2.3.
 */

/**
 * Keeps a listener after `document.open()`, which removes all listeners of the window and the document, and all nodes (HTML §8.4.1).
 * There is no event for it; an observer sees that the nodes are gone. https://github.com/scriptscat/scriptcat/issues/1049
 */
export function last(add: () => void, signal: AbortSignal, of: Document = document): void {
  const observer = new MutationObserver(add)
  signal.addEventListener('abort', () => {
    observer.disconnect()
  })
  try {
    observer.observe(of, { childList: true })
  } catch {
    // The document is a proxy: see `ofDocument`.
  }
}

/** The target's own `addEventListener`, if it is a function: in test runners the window does not inherit from `EventTarget`. */
export function listen(
  target: EventTarget,
  type: string,
  listener: (event: Event) => void,
  options: AddEventListenerOptions & { readonly signal: AbortSignal },
): void {
  const name = 'addEventListener'
  const add = (): void => {
    const own: unknown = Reflect.get(target, name)
    outsideZones(() => {
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the target as `this`
      Reflect.apply(typeof own === 'function' ? own : EventTarget.prototype[name], target, [type, listener, options])
    })
  }
  add()
  if (target === window || target === document) last(add, options.signal)
}

type Asked<K extends keyof Document> = Document[K] extends () => infer T ? T : Document[K]

/**
 * The value of a member of the document, or the result of a method. A micro-frontend may replace the document with a proxy: the
 * browser's own getters throw for it, those of the proxy work: https://github.com/Tencent/wujie/issues/667
 */
export function ofDocument<K extends keyof Document>(name: K, of: Document = document): Asked<K> {
  const ask = (from: object): unknown => {
    const value: unknown = Reflect.get(from, name, of)
    return typeof value === 'function' ? Reflect.apply(value, of, []) : value
  }
  try {
    return ask(Document.prototype) as Asked<K>
  } catch {
    return ask(of) as Asked<K>
  }
}
