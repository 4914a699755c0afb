/**
 * Window and document as the browser made them. Elements take the place of members that have their `id` or `name`, and HTML
 * that comes from users may have any: https://html.spec.whatwg.org/multipage/dom.html#dom-tree-accessors, OWASP ASVS 5.0 §3.2.3.
 */

/** `addEventListener`: the target's own where it is one, for in test runners the window is none that a prototype knows. */
export function listen(target: EventTarget, ...what: Parameters<EventTarget['addEventListener']>): void {
  const name = 'addEventListener'
  const own: unknown = Reflect.get(target, name)
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the target as `this`
  Reflect.apply(typeof own === 'function' ? own : EventTarget.prototype[name], target, what)
}

export const ofDocument = <K extends keyof Document>(name: K): Document[K] =>
  Reflect.get(Document.prototype, name, document)
