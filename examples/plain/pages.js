const escape = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)

/** What `adoptPage` of public/app.js reads: who is signed in as of now. */
function state(session) {
  const json = JSON.stringify({ login: session?.login ?? null, at: Date.now() })
  return json.replaceAll('<', '\\u003c')
}

/** `name` is shown; a page of the login shows none, because the session may have ended in the page, and not yet here. */
const page = (session, content, name = session?.name) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>A cookie and plain HTML</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>
    <header>
      <nav><a href="/">Home</a> <a href="/orders">Orders</a></nav>
      ${name ? `<span>${escape(name)}</span> <button id="sign-out">Sign out</button>` : '<a href="/login">Sign in</a>'}
    </header>
    <main>${content}</main>
    <script type="application/json" id="session">${state(session)}</script>
    <script src="/sojourn.js"></script>
    <script type="module" src="/app.js"></script>
  </body>
</html>`

export const home = (session) =>
  page(
    session,
    `<h1>Home</h1>
    <p>${session ? 'You are signed in. Open this page in a second tab.' : 'You are signed out.'}</p>`,
  )

export const orders = (session) => page(session, '<h1>Orders</h1><ul id="orders"></ul>')

export const login = (session, why) =>
  page(
    session,
    `<h1>Please sign in</h1>
    ${why === 'idle' ? '<p>You were signed out because nothing happened for a while.</p>' : ''}
    <form method="post">
      <label>Your name <input name="name" required maxlength="40"></label>
      <button>Sign in</button>
    </form>`,
    '',
  )
