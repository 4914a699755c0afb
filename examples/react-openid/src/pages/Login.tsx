import { Navigate, useSearchParams } from 'react-router'
import { useSession } from 'sojourn/react'
import { returnPath } from '../return-path'
import { auth } from '../session'

export function Login() {
  const view = useSession()
  const [parameters] = useSearchParams()
  const returnTo = returnPath(parameters.get('returnTo'))
  if (view.phase === 'loading') return null
  if (view.phase !== 'signedOut') return <Navigate to={returnTo} replace />
  return (
    <>
      <h1>Please sign in</h1>
      {view.reason === 'idle' && <p>You were signed out because nothing happened for a while.</p>}
      <button onClick={() => void auth.start({ returnTo })}>Sign in</button>
    </>
  )
}
