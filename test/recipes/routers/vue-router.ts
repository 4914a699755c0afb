import type { Router } from 'vue-router'
import type { Session } from '../../../src/index.js'

/** Routes with `meta: { private: true }` need somebody signed in. The page that is open follows the session. */
export function followSession(router: Router, session: Session): void {
  router.beforeEach((to) => {
    // `check()` looks at the clock: nobody gets in after the end, before any timer has noticed it.
    if (!to.meta['private'] || session.check().phase !== 'signedOut') return true
    return { path: '/login', query: { returnTo: to.fullPath } }
  })
  session.on('signedOut', () => {
    const { meta, fullPath } = router.currentRoute.value
    if (meta['private']) void router.replace({ path: '/login', query: { returnTo: fullPath } })
  })
}
