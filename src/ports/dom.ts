import { outsideZones } from './zones.js'

/**
 * Window and document as the browser made them. Elements take the place of members that have their `id` or `name`, and HTML
 * that comes from users may have any: https://html.spec.whatwg.org/multipage/dom.html#dom-tree-accessors, OWASP ASVS 5.0 §3.2.3.
 */

/** `addEventListener`: the target's own where it is one, for in test runners the window is none that a prototype knows. */
export function listen(target: EventTarget, ...what: Parameters<EventTarget['addEventListener']>): void {
  const name = 'addEventListener'
  const own: unknown = Reflect.get(target, name)
  outsideZones(() => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the target as `this`
    Reflect.apply(typeof own === 'function' ? own : EventTarget.prototype[name], target, what)
  })
}

type Asked<K extends keyof Document> = Document[K] extends () => infer T ? T : Document[K]

/**
 * What a member of the document says; a method is called. A micro-frontend may have a proxy in place of the document, which
 * the browser's own getters refuse, and which has getters that work: https://github.com/Tencent/wujie/issues/667
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
