/**
 * Runs `work` outside of all zones of zone.js. A timer counts as work of the zone in which it was set, and a listener wakes
 * the zone in which it was added: Angular would wait for a timer that always follows the last, and check the whole page at
 * each mouse move. https://github.com/ebondu/angular2-keycloak/pull/41
 */
export function outsideZones<T>(work: () => T): T {
  const { Zone } = globalThis as { Zone?: { readonly root?: { run(work: () => T): T } } }
  return Zone?.root ? Zone.root.run(work) : work()
}
