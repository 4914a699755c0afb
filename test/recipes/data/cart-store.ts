import { createJSONStorage, persist } from 'zustand/middleware'
import { createStore } from 'zustand/vanilla'
import { eachSession, type Session } from '../../../src/index.js'
import { sessionData, type SessionData } from '../../../src/data.js'

export interface Cart {
  readonly apples: number
}

export function createCart(session: Session) {
  let data: SessionData | null = null
  const storage = createJSONStorage<Cart>(() => ({
    getItem: (key) => data?.getItem(key) ?? null,
    setItem: (key, text) => data?.setItem(key, text),
    removeItem: (key) => data?.removeItem(key),
  }))
  const cart = createStore<Cart>()(persist(() => ({ apples: 0 }), { name: 'cart', storage }))
  const reset = (): void => {
    cart.setState(cart.getInitialState(), true)
  }
  eachSession(session, () => {
    // Something may have changed it while nobody was signed in.
    reset()
    data = sessionData(session)
    void cart.persist.rehydrate()
    // Another tab has changed the cart.
    const unsubscribe = data.subscribe((key) => {
      if (key === 'cart') void cart.persist.rehydrate()
    })
    return () => {
      unsubscribe()
      data = null
      reset()
    }
  })
  return cart
}
