import { createSignal, Match, Switch } from 'solid-js'
import { useSession } from 'sojourn/solid'
import { askName, auth, session } from '../shared/session'
import { Warning } from './Warning'

export function App() {
  const snapshot = useSession()
  return (
    <main>
      <h1>Sojourn with Solid</h1>
      <Switch fallback={<SignedIn />}>
        <Match when={snapshot().phase === 'loading'}>
          <p class="quiet">One moment …</p>
        </Match>
        <Match when={snapshot().phase === 'signedOut'}>
          <SignedOut />
        </Match>
      </Switch>
      <Warning />
    </main>
  )
}

function SignedOut() {
  return (
    <>
      <p role="status">You are signed out.</p>
      <p class="actions">
        <button class="primary" onClick={() => void auth.start()}>
          Sign in
        </button>
      </p>
    </>
  )
}

function SignedIn() {
  const [name, setName] = createSignal('')
  return (
    <>
      <p role="status">You are signed in.</p>
      <p class="quiet">Without a move for a minute, in all tabs, the session ends.</p>
      <p class="actions">
        <button onClick={() => void askName().then(setName)}>Who am I?</button>
        <button onClick={() => void session.signOut()}>Sign out</button>
      </p>
      <output>{name()}</output>
    </>
  )
}
