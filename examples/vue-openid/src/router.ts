import { createRouter, createWebHistory, type Router } from 'vue-router'
import Home from './pages/Home.vue'
import Login from './pages/Login.vue'
import Orders from './pages/Orders.vue'
import { session } from './session'

export function createPages(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', component: Home },
      { path: '/login', component: Login },
      { path: '/orders', component: Orders, meta: { private: true } },
    ],
  })
  router.beforeEach((to) => {
    // `check()` looks at the clock: nobody gets in after the end, before any timer has noticed it.
    if (!to.meta['private'] || session.check().phase !== 'signedOut') return true
    return { path: '/login', query: { returnTo: to.fullPath } }
  })
  // The page that is open follows the session, in every tab.
  session.on('signedOut', () => {
    const { meta, fullPath } = router.currentRoute.value
    if (meta['private']) void router.replace({ path: '/login', query: { returnTo: fullPath } })
  })
  return router
}
