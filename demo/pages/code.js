/** The code of each button: what an application would write. */
const CODE = {
  'sign-in':
    "const auth = login({ issuer, clientId, redirectUri: '/tab.html' })\nawait auth.start({ returnTo: '/tab.html' })",
  'stay-signed-in': 'await session.extend()',
  leave: 'await session.signOut()',
  call: "const authorizedFetch = createFetch(session)\nawait authorizedFetch('/api/me')",
  refresh: 'await session.getAccessToken({ forceRefresh: true })',
  check: 'session.check().phase',
  upload: 'const release = session.hold()\n// … and when the upload is done:\nrelease()',
  'cart-empty': "sessionData(session).removeItem('cart')",
  'call-button': 'connect(session, call, { hold: true })',
  everywhere: "await authorizedFetch('/api/logout-everywhere', { method: 'POST' })\nawait session.signOut()",
  'at-provider': '// The provider ends it. A message from the server makes each page ask:\nawait session.verify()',
  'journal-copy': 'journal(session).entries()',
}
const BEGIN = 'const session = createSession({ idleTimeout, warnBefore, server, tokenStore })'
const IN_CART = "sessionData(session).setItem('cart', JSON.stringify(items))"
const KEY = 'demo:code'

/**
 * Shows the code of the button that was pressed last.
 *
 * @param {import('sojourn').Session} session
 */
export function showCode(session) {
  const show = (code) => {
    document.getElementById('code').textContent = code
    // A sign-in leads away from this page and back to it.
    sessionStorage.setItem(KEY, code)
  }
  show(sessionStorage.getItem(KEY) ?? BEGIN)
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('button')
    if (button?.id in CODE) show(CODE[button.id])
  })
  document.getElementById('cart-form').addEventListener('submit', () => show(IN_CART))
  session.on('extended', ({ by, where }) => {
    if (by === 'user' && where === 'here') show(CODE['stay-signed-in'])
  })
}
