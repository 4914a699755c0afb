'use client'
import { useState } from 'react'
import { session } from '@/lib/session'

async function signOut(): Promise<void> {
  // Resolves when the server knows of it as well: the next page is one of nobody.
  await session.signOut()
  location.assign('/')
}

export function SignOut() {
  const [error, setError] = useState('')
  const everywhere = async (): Promise<void> => {
    const headers = { 'X-Requested-With': 'page' }
    const response = await fetch('/api/session/logout-everywhere', { method: 'POST', headers }).catch(() => null)
    if (response?.ok) await signOut()
    else setError('That did not work. Try again.')
  }
  return (
    <>
      <button onClick={() => void signOut()}>Sign out</button>{' '}
      <button onClick={() => void everywhere()}>Sign out on all devices</button> <span role="alert">{error}</span>
    </>
  )
}
