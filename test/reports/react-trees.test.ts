// @vitest-environment happy-dom
import {
  act,
  Activity,
  createElement,
  StrictMode,
  Suspense,
  use,
  useLayoutEffect,
  type ReactElement,
  type ReactNode,
} from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SessionProvider, useSession } from '../../src/adapters/react.js'
import { watched } from '../adapters/watched.js'

let box: HTMLElement
let root: Root
beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  box = document.body.appendChild(document.createElement('div'))
  root = createRoot(box)
})
afterEach(() => {
  act(() => {
    root.unmount()
  })
  box.remove()
  vi.unstubAllGlobals()
})

const Shown = (): ReactElement => createElement('p', null, useSession().phase)
const render = (children: ReactNode, isStrict: boolean): Promise<void> =>
  act(async () => {
    await Promise.resolve()
    root.render(isStrict ? createElement(StrictMode, null, children) : children)
  })

describe.each([false, true])('a tree of React that is there and not there, StrictMode %s', (isStrict) => {
  // There, a tree that was hidden by <Activity> went on showing what a store had said before.
  it('react/react#27670: a hidden tree shows the end of the session when it is revealed', async () => {
    const { session, signOut } = await watched()
    const tree = (mode: 'visible' | 'hidden'): ReactElement =>
      createElement(SessionProvider, { session }, createElement(Activity, { mode, children: createElement(Shown) }))
    await render(tree('visible'), isStrict)
    await render(tree('hidden'), isStrict)
    await act(signOut)
    await render(tree('visible'), isStrict)
    expect(box.textContent).toBe('signedOut')
  })

  // There, React did not ask a store anew after it had subscribed below a <Suspense>, and what had changed in between was not seen.
  it('react/react#35550, react/react#25039: a session that ends as a suspended tree appears is not shown', async () => {
    const { session, later } = await watched()
    let resolve = (): void => undefined
    const loaded = new Promise<void>((done) => {
      resolve = done
    })
    const Late = (): ReactElement => {
      use(loaded)
      useLayoutEffect(() => {
        void session.signOut()
      }, [])
      return createElement(Shown)
    }
    const inner = createElement(Suspense, { fallback: 'wait' }, createElement(Late))
    await render(createElement(SessionProvider, { session }, inner), isStrict)
    expect(box.textContent).toBe('wait')
    await act(async () => {
      resolve()
      await loaded
      await later(10)
    })
    expect(box.textContent).toBe('signedOut')
  })
})
