import { useState } from 'react'
import { useSession } from 'sojourn/react'
import { askName, auth, session } from '../shared/session'
import { Warning } from './Warning'

export function App() {
  const { phase } = useSession()
  return (
    <main>
      <h1>Sojourn with React</h1>
      {phase === 'loading' && <p className="quiet">One moment …</p>}
      {phase === 'signedOut' && <SignedOut />}
      {(phase === 'active' || phase === 'warning') && <SignedIn />}
      <Warning />
    </main>
  )
}

function SignedOut() {
  return (
    <>
      <p role="status">You are signed out.</p>
      <p className="actions">
        <button className="primary" onClick={() => void auth.start()}>
          Sign in
        </button>
      </p>
    </>
  )
}

function SignedIn() {
  const [name, setName] = useState('')
  return (
    <>
      <p role="status">You are signed in.</p>
      <p className="quiet">Without a move for a minute, in all tabs, the session ends.</p>
      <p className="actions">
        <button onClick={() => void askName().then(setName)}>Who am I?</button>
        <button onClick={() => void session.signOut()}>Sign out</button>
      </p>
      <output>{name}</output>
    </>
  )
}
