import { outsideZones } from './zones.js'

/**
 * Window and document as the browser made them. Elements take the place of members that have their `id` or `name`, and HTML
 * that comes from users may have any: https://html.spec.whatwg.org/multipage/dom.html#dom-tree-accessors, OWASP ASVS 5.0 §3.2.3.
 */

/** What adds the listeners of this page's window and document. */
const lasting = new Set<() => void>()
let observer: MutationObserver | undefined

/**
 * `document.open()` takes all listeners away from the window and the document, and all nodes out of it (HTML §8.4.1): then they
 * are added anew. Nobody else hears of it. https://github.com/scriptscat/scriptcat/issues/1049
 */
function last(add: () => void, signal: AbortSignal): void {
  lasting.add(add)
  signal.addEventListener('abort', () => {
    lasting.delete(add)
    if (lasting.size > 0) return
    observer?.disconnect()
    observer = undefined
  })
  if (observer) return
  observer = new MutationObserver(() => {
    for (const add of lasting) add()
  })
  try {
    observer.observe(document, { childList: true })
  } catch {
    // A proxy in place of the document: see below.
  }
}

/** `addEventListener`: the target's own where it is one, for in test runners the window is none that a prototype knows. */
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
