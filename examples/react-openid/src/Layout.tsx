import { useEffect, useState } from 'react'
import { NavLink, Outlet } from 'react-router'
import { useSession } from 'sojourn/react'
import { auth, session, userName } from './session'

function useUserName(): string {
  const view = useSession()
  const id = 'id' in view ? view.id : null
  const [name, setName] = useState('')
  useEffect(() => {
    let isCurrent = true
    void userName().then((name) => isCurrent && setName(name))
    return () => {
      isCurrent = false
    }
  }, [id])
  return name
}

export function Layout() {
  const { phase } = useSession()
  const name = useUserName()
  return (
    <>
      <header>
        <nav>
          <NavLink to="/">Home</NavLink>
          <NavLink to="/orders">Orders</NavLink>
        </nav>
        {phase === 'signedOut' ? (
          <NavLink to="/login">Sign in</NavLink>
        ) : (
          <>
            <span>{name}</span>
            {/* Here, in all tabs, and at the provider. */}
            <button onClick={() => void auth.end(session, { returnTo: '/' })}>Sign out</button>
          </>
        )}
      </header>
      <main>
        <Outlet />
      </main>
    </>
  )
}
