import { SessionProvider } from 'sojourn/solid'
import { render } from 'solid-js/web'
import { session } from '../shared/session'
import { finishSignIn } from '../shared/sign-in'
import '../shared/style.css'
import { App } from './App'

const tokens = await finishSignIn()
if (tokens) await session.signIn(tokens)

render(
  () => (
    <SessionProvider session={session}>
      <App />
    </SessionProvider>
  ),
  document.getElementById('app')!,
)
