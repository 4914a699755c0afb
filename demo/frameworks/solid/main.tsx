import { SessionProvider } from 'sojourn/solid'
import { render } from 'solid-js/web'
import { finishSignIn, session } from '../shared/session'
import '../shared/style.css'
import { App } from './App'

await finishSignIn()

render(
  () => (
    <SessionProvider session={session}>
      <App />
    </SessionProvider>
  ),
  document.getElementById('app')!,
)
