import { createComponent, createRoot, createSignal, useContext, type Accessor, type JSX } from 'solid-js'
import { hydrate, render } from 'solid-js/web'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SessionContext, SessionProvider, useRemaining, useSession } from '../../src/adapters/solid.js'
import type { Session, Snapshot } from '../../src/types.js'
import { watched } from './watched.js'

const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
let container: HTMLElement
let dispose = (): void => undefined

beforeEach(() => {
  container = document.body.appendChild(document.createElement('div'))
})
afterEach(() => {
  dispose()
  container.remove()
  for (const complaint of complaints) expect(complaint.mock.calls).toEqual([])
})

const changes: string[] = []

/** What a compiler would make of a component with an expression in it. */
function Shown(props: { session?: Session }): JSX.Element {
  const snapshot = useSession(props.session)
  const seconds = useRemaining(props.session)
  const line: Accessor<string> = () => {
    const text = `${snapshot().phase} ${String(seconds())}`
    changes.push(text)
    return text
  }
  return line as unknown as JSX.Element
}

const provided = (session: Session, Below: () => JSX.Element = () => Shown({}), initial?: Snapshot): JSX.Element =>
  createComponent(SessionProvider, {
    session,
    initial,
    get children() {
      return createComponent(Below, {})
    },
  })

function show(session: Session, Below?: () => JSX.Element): void {
  changes.length = 0
  dispose = render(() => provided(session, Below), container)
}

describe('a Solid component', () => {
  it('a Solid component shows the phase at once, and each new one', async () => {
    const { session, world, later, signOut } = await watched()
    show(session)
    expect(container.textContent).toBe('active null')
    await world.advance(100e3)
    expect(container.textContent).toBe('warning 100')
    await later(50e3)
    await Promise.resolve()
    expect(container.textContent).toBe('warning 50')
    await session.extend()
    await Promise.resolve()
    expect(container.textContent).toBe('active null')
    await signOut()
    expect(container.textContent).toBe('signedOut null')
  })

  it('a Solid component does not change at each activity', async () => {
    const { session, tab, world } = await watched()
    show(session)
    for (let minute = 0; minute < 5; minute++) {
      tab.input()
      await world.advance(60e3)
    }
    expect(changes).toEqual(['active null'])
  })

  it('a Solid component stops listening when it is disposed of', async () => {
    const { session, listeners } = await watched()
    const [isThere, setThere] = createSignal(true)
    show(session, () => (() => (isThere() ? createComponent(Shown, {}) : null)) as unknown as JSX.Element)
    // One for the phase, one for the remaining time.
    expect(listeners()).toBe(2)
    setThere(false)
    expect(listeners()).toBe(0)
  })

  it('a Solid component takes the given session in place of the provider’s', async () => {
    const [outer, inner] = [await watched(), await watched()]
    await inner.signOut()
    let found: unknown
    show(outer.session, () => {
      found = useContext(SessionContext)
      return createComponent(Shown, { session: inner.session })
    })
    expect(container.textContent).toBe('signedOut null')
    expect(found).toBe(outer.session)
  })

  it('a Solid component gets the session with its snapshot', async () => {
    const { session } = await watched()
    let view: unknown
    show(session, () => {
      view = useSession()()
      return null
    })
    expect(view).toEqual({ ...session.getSnapshot(), session })
  })

  it('a Solid component without a session throws an error that says what is missing', () => {
    createRoot(() => {
      for (const none of [undefined, {} as Session])
        expect(() => useSession(none)).toThrow(
          expect.objectContaining({
            code: 'invalid_options',
            message: expect.stringContaining('SessionProvider') as string,
          }),
        )
    })
  })
})

describe('a page that a server rendered', () => {
  it('S134 shows in Solid what the server knew until it is hydrated, and then what the session knows', async () => {
    const { session } = await watched()
    vi.stubGlobal('_$HY', { events: [], completed: new WeakSet(), r: {}, fe: () => undefined })
    changes.length = 0
    dispose = hydrate(
      () => provided(session, undefined, { phase: 'signedOut', reason: null, endedAt: null }),
      container,
    )
    await Promise.resolve()
    expect(changes).toEqual(['signedOut null', 'active null'])
  })

  it('S134 shows in Solid what the server knew also where the session of the provider is given', async () => {
    const { session } = await watched()
    vi.stubGlobal('_$HY', { events: [], completed: new WeakSet(), r: {}, fe: () => undefined })
    changes.length = 0
    const initial = { phase: 'signedOut', reason: null, endedAt: null } as const
    dispose = hydrate(() => provided(session, () => Shown({ session }), initial), container)
    await Promise.resolve()
    expect(changes).toEqual(['signedOut null', 'active null'])
  })

  it('a page that a server rendered is hydrated by Solid with its phase, then shows the true one', async () => {
    const { session } = await watched()
    vi.stubGlobal('_$HY', { events: [], completed: new WeakSet(), r: {}, fe: () => undefined })
    changes.length = 0
    dispose = hydrate(() => provided(session), container)
    await Promise.resolve()
    expect(changes).toEqual(['loading null', 'active null'])
  })
})
