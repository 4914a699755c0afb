import { Show } from 'solid-js'
import { useRemaining, useSession } from 'sojourn/solid'
import { session } from '../shared/session'

/** Appears in every tab, and one answer closes it in every tab. `sojourn/dialog` is a complete, accessible dialog. */
export function Warning() {
  const snapshot = useSession()
  const seconds = useRemaining()
  const warning = () => {
    const seen = snapshot()
    return seen.phase === 'warning' ? seen : null
  }
  return (
    <Show when={warning()}>
      {(seen) => (
        <section class="warning" aria-label="Warning">
          <p role="alert">Your session is about to end.</p>
          <p class="seconds" aria-hidden="true">
            {seconds()} s
          </p>
          <Show when={seen().canExtend}>
            <p class="actions">
              <button class="primary" onClick={() => void session.extend()}>
                Stay signed in
              </button>
            </p>
          </Show>
        </section>
      )}
    </Show>
  )
}
