import { useRemaining, useSession } from 'sojourn/react'
import { session } from '../shared/session'

/** Appears in every tab, and one answer closes it in every tab. `sojourn/dialog` is a complete, accessible dialog. */
export function Warning() {
  const snapshot = useSession()
  const seconds = useRemaining()
  if (snapshot.phase !== 'warning') return null
  return (
    <section className="warning" aria-label="Warning">
      <p role="alert">Your session is about to end.</p>
      <p className="seconds" aria-hidden="true">
        {seconds} s
      </p>
      {snapshot.canExtend && (
        <p className="actions">
          <button className="primary" onClick={() => void session.extend()}>
            Stay signed in
          </button>
        </p>
      )}
    </section>
  )
}
