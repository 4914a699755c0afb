// On every page: the session, the warning, and what follows a sign-in or a sign-out in another tab.

const { adoptPage, cookieSession, createFetch, createSession, warningDialog } = Sojourn

const session = createSession({
  // Short, so that you can try it: the warning comes 20 s before the end. '15m' is more usual.
  idleTimeout: '1m',
  server: cookieSession({ keepAlive: '/session/alive', check: '/session', signOut: '/logout' }),
})
const api = createFetch(session)

/** Leaves a page that may show something of the user. */
function leave(reason) {
  if (location.pathname === '/login') return
  location.replace(`/login?${new URLSearchParams({ why: reason, returnTo: location.pathname })}`)
}

// Who was signed in when the server made this page. It may not know yet that the session has ended here.
const page = JSON.parse(document.querySelector('#session').textContent)
await adoptPage(session, page)
const { phase, reason } = session.getSnapshot()
if (page.login && phase === 'signedOut') leave(reason)

session.on('signedOut', ({ reason }) => leave(reason))
// Another user has signed in, in another tab.
session.on('switched', () => location.reload())
session.on('signedIn', ({ where }) => {
  if (where === 'here') return
  const url = new URL(location.href)
  url.searchParams.delete('why')
  location.replace(url)
})
warningDialog(session)

document.querySelector('#sign-out')?.addEventListener('click', () => session.signOut())

const orders = document.querySelector('#orders')
if (orders) {
  const response = await api('/api/orders')
  for (const order of await response.json()) {
    const item = document.createElement('li')
    item.textContent = order
    orders.append(item)
  }
}
