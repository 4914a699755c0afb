export default defineNuxtConfig({
  compatibilityDate: '2026-11-01',
  // Vite would find these only when the first page is open, and load it again.
  vite: { optimizeDeps: { include: ['sojourn', 'sojourn/cookie', 'sojourn/dialog', 'sojourn/server', 'sojourn/vue'] } },
})
