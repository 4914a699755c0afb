/**
 * Runs `work` outside of all zones of zone.js. A timer is a task of the zone in which it was set, and a listener triggers the zone in
 * which it was added: Angular would wait for ever for the one timer that is always pending, and run change detection for the whole
 * page at each mouse move. https://github.com/ebondu/angular2-keycloak/pull/41
 */
export function outsideZones<T>(work: () => T): T {
  const { Zone } = globalThis as { Zone?: { readonly root?: { run?(work: () => T): T } } }
  // A form with the id `Zone` may have a field with the name `root`: see safe-dom.ts.
  return typeof Zone?.root?.run === 'function' ? Zone.root.run(work) : work()
}
