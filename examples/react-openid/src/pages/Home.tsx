import { useSession } from 'sojourn/react'

export function Home() {
  const { phase } = useSession()
  return (
    <>
      <h1>Home</h1>
      <p>{phase === 'signedOut' ? 'You are signed out.' : 'You are signed in. Open this page in a second tab.'}</p>
    </>
  )
}
