import { act, createElement, StrictMode, useContext, type ReactNode } from 'react'
import { createRoot, hydrateRoot, type Root } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SessionContext, SessionProvider, useRemaining, useSession } from '../../src/adapters/react.js'
import type { Session } from '../../src/types.js'
import { onServer, watched } from './watched.js'

const complaints = vi.spyOn(console, 'error')
let renders = 0
let container: HTMLElement
let root: Root | undefined

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  renders = 0
  container = document.body.appendChild(document.createElement('div'))
})
afterEach(async () => {
  await act(async () => root?.unmount())
  root = undefined
  container.remove()
  expect(complaints.mock.calls).toEqual([])
  complaints.mockReset()
})

function Shown({ session }: { session?: Session }): ReactNode {
  renders++
  const { phase } = useSession(session)
  const seconds = useRemaining(session)
  return `${phase} ${String(seconds)}`
}

const provided = (session: Session): ReactNode =>
  createElement(StrictMode, null, createElement(SessionProvider, { session }, createElement(Shown)))

const render = (node: ReactNode): Promise<void> =>
  act(async () => {
    root ??= createRoot(container)
    root.render(node)
  })

describe('a React component', () => {
  it('a React component shows the phase at once, and each new one', async () => {
    const { session, world, later, signOut } = await watched()
    await render(provided(session))
    expect(container.textContent).toBe('active null')
    await act(() => world.advance(100e3))
    expect(container.textContent).toBe('warning 100')
    await act(() => later(50e3))
    expect(container.textContent).toBe('warning 50')
    await act(() => session.extend())
    expect(container.textContent).toBe('active null')
    await act(signOut)
    expect(container.textContent).toBe('signedOut null')
  })

  it('a React component does not render again at each activity', async () => {
    const { session, tab, world } = await watched()
    await render(provided(session))
    const before = renders
    for (let minute = 0; minute < 5; minute++) {
      tab.input()
      await act(() => world.advance(60e3))
    }
    expect(renders).toBe(before)
  })

  it('a React component stops listening when it is unmounted, also under StrictMode', async () => {
    const { session, listeners } = await watched()
    await render(provided(session))
    // One for the phase, one for the remaining time.
    expect(listeners()).toBe(2)
    await render(null)
    expect(listeners()).toBe(0)
  })

  it('a React component does not subscribe again with each render', async () => {
    const { session, world, beginnings } = await watched()
    await render(provided(session))
    const before = beginnings()
    await act(() => world.advance(100e3))
    expect(container.textContent).toBe('warning 100')
    expect(beginnings()).toBe(before)
  })

  it('a React component follows another session that it is given', async () => {
    const [first, second] = [await watched(), await watched()]
    await render(createElement(Shown, { session: first.session }))
    await second.signOut()
    await render(createElement(Shown, { session: second.session }))
    expect(container.textContent).toBe('signedOut null')
    expect(first.listeners()).toBe(0)
  })

  it('a React component takes the given session in place of the provider’s', async () => {
    const [outer, inner] = [await watched(), await watched()]
    await inner.signOut()
    const own = createElement(Shown, { session: inner.session })
    await render(createElement(SessionProvider, { session: outer.session }, own))
    expect(container.textContent).toBe('signedOut null')
  })

  it('a React component gets the session itself by the context', async () => {
    const { session } = await watched()
    let found: Session | null = null
    const Looks = (): ReactNode => {
      found = useContext(SessionContext)
      return null
    }
    await render(createElement(SessionProvider, { session }, createElement(Looks)))
    expect(found).toBe(session)
  })

  it('a React component gets the session with its snapshot, and the same object until that changes', async () => {
    const { session, world } = await watched()
    const views: object[] = []
    const Looks = (): ReactNode => {
      const view = useSession(session)
      views.push(view)
      expect(view).toEqual({ ...session.getSnapshot(), session })
      return null
    }
    await render(createElement(Looks))
    await render(createElement(Looks))
    await act(() => world.advance(100e3))
    expect(new Set(views).size).toBe(2)
  })

  it('a React component without a session throws an error that says what is missing', () => {
    for (const none of [createElement(Shown), provided({} as Session)])
      expect(() => renderToString(none)).toThrow(
        expect.objectContaining({
          code: 'invalid_options',
          message: expect.stringContaining('SessionProvider') as string,
        }),
      )
  })
})

const NOBODY = { phase: 'signedOut', reason: null, endedAt: null } as const

describe('a page that a server rendered', () => {
  it('S134 shows in React what the server knew until it is hydrated, and then what the session knows', async () => {
    const known = (session: Session): ReactNode =>
      createElement(SessionProvider, { session, initial: NOBODY }, createElement(Shown))
    container.innerHTML = renderToString(known(onServer()))
    expect(container.textContent).toBe('signedOut null')
    const { session } = await watched()
    const shown: string[] = []
    new MutationObserver(() => shown.push(container.textContent)).observe(container, {
      ...{ characterData: true, childList: true, subtree: true },
    })
    const mismatches: unknown[] = []
    await act(async () => {
      root = hydrateRoot(container, known(session), { onRecoverableError: (error) => mismatches.push(error) })
    })
    expect([shown.at(-1), mismatches]).toEqual(['active null', []])
  })

  it('S134 says nothing in React of a session that the provider does not have', async () => {
    const own = createElement(Shown, { session: onServer() })
    const node = createElement(SessionProvider, { session: onServer(), initial: NOBODY }, own)
    expect(renderToString(node)).toBe('loading null')
  })

  it('a page that a server rendered is hydrated by React without a mismatch, then shows the phase', async () => {
    container.innerHTML = renderToString(provided(onServer()))
    expect(container.textContent).toBe('loading null')
    const { session } = await watched()
    const mismatches: unknown[] = []
    await act(async () => {
      root = hydrateRoot(container, provided(session), { onRecoverableError: (error) => mismatches.push(error) })
    })
    expect(container.textContent).toBe('active null')
    expect(mismatches).toEqual([])
  })
})
