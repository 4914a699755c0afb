import { createHmac, randomBytes } from 'node:crypto'

const STEP_MS = 60_000

/** Stateless nonces: each minute has one, which is accepted during the next minute as well (RFC 9449 §9). */
export function createNonces() {
  const secret = randomBytes(32)
  const of = (step) => createHmac('sha256', secret).update(String(step)).digest('base64url')
  const step = () => Math.floor(Date.now() / STEP_MS)

  return {
    current: () => of(step()),
    /** @param {unknown} nonce */
    has: (nonce) => nonce === of(step()) || nonce === of(step() - 1),
  }
}
