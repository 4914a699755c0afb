import { flushSync, hydrate, mount, unmount } from 'svelte'
import { render } from 'svelte/server'
import { get } from 'svelte/store'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useRemaining, useSession } from '../../src/adapters/svelte.js'
import Finds from './Finds.svelte'
import Later from './Later.svelte'
import Provided from './Provided.svelte'
import Shown from './Shown.svelte'
import ShownOnServer from './Shown.svelte?server'
import { onServer, watched } from './watched.js'

const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
let target: HTMLElement
let shown: object | undefined

beforeEach(() => {
  target = document.body.appendChild(document.createElement('div'))
})
afterEach(async () => {
  if (shown) await unmount(shown)
  shown = undefined
  target.remove()
  for (const complaint of complaints) expect(complaint.mock.calls).toEqual([])
})

function show(props: Record<string, unknown>, component: typeof Provided = Provided): void {
  shown = mount(component, { target, props })
  flushSync()
}

/** What runes and what stores show. */
const lines = (): (string | null)[] => {
  flushSync()
  return [...target.querySelectorAll('p')].map(({ textContent }) => textContent)
}

describe('a Svelte component', () => {
  it('a Svelte component shows the phase at once, and each new one, by runes and by stores', async () => {
    const { session, world, later, signOut } = await watched()
    show({ session })
    expect(lines()).toEqual(['active null', 'active null'])
    await world.advance(100e3)
    expect(lines()).toEqual(['warning 100', 'warning 100'])
    await later(50e3)
    await Promise.resolve()
    expect(lines()).toEqual(['warning 50', 'warning 50'])
    await session.extend()
    expect(lines()).toEqual(['active null', 'active null'])
    await signOut()
    expect(lines()).toEqual(['signedOut null', 'signedOut null'])
  })

  it('a Svelte component learns of an end that a derived value of another one finds', async () => {
    const { session, world } = await watched()
    show({ session }, Finds)
    world.sleep('1h')
    target.querySelector('button')!.click()
    flushSync()
    expect(target.querySelector('button')!.textContent).toBe('signedOut')
    await Promise.resolve()
    expect(lines()).toEqual(['signedOut null', 'signedOut null'])
  })

  it('a Svelte component does not run effects at each activity', async () => {
    const { session, tab, world } = await watched()
    const drawn = vi.fn()
    show({ session, drawn })
    for (let minute = 0; minute < 5; minute++) {
      tab.input()
      await world.advance(60e3)
      flushSync()
    }
    expect(drawn).toHaveBeenCalledTimes(1)
  })

  it('a Svelte component listens once for all its readers, and stops when it is unmounted', async () => {
    const { session, listeners } = await watched()
    show({ session })
    // Runes: one for the phase, one for the remaining time, which has one for all. Stores: one more for the phase.
    expect(listeners()).toBe(3)
    await unmount(shown!)
    shown = undefined
    await Promise.resolve()
    expect(listeners()).toBe(0)
  })

  it('a Svelte component takes the given session in place of the provided one', async () => {
    const { session } = await watched()
    const found = vi.fn()
    show({ session, found })
    expect(found).toHaveBeenCalledWith(session)
    await unmount(shown!)
    show({ session }, Shown)
    expect(lines()[0]).toBe('active null')
  })

  it('a Svelte component without a session throws an error that says what is missing', () => {
    for (const none of [undefined, {}])
      expect(() => {
        show({ session: none }, Shown)
      }).toThrow(
        expect.objectContaining({
          code: 'invalid_options',
          message: expect.stringContaining('provideSession') as string,
        }),
      )
  })
})

describe('outside of any component', () => {
  it('the value of a session outside of a component is a store, and reads without listening', async () => {
    const { session, world, listeners, signOut } = await watched()
    const [snapshot, seconds] = [useSession(session), useRemaining(session)]
    expect(snapshot.current).toEqual({ ...session.getSnapshot(), session })
    expect([snapshot.current.phase, get(snapshot).phase, seconds.current, get(seconds)]).toEqual([
      'active',
      'active',
      null,
      null,
    ])
    expect(listeners()).toBe(0)
    await world.advance(100e3)
    const phases: string[] = []
    const undo = snapshot.subscribe(({ phase }) => phases.push(phase))
    await signOut()
    undo()
    expect(phases).toEqual(['warning', 'signedOut'])
    expect(listeners()).toBe(0)
  })
})

describe('a page that a server rendered', () => {
  it('S134 a store of Svelte that is left at once gets nothing more', async () => {
    const { session } = await watched()
    const phases: string[] = []
    const found = (): void => {
      useSession().subscribe(({ phase }) => phases.push(phase))()
    }
    show({ session, initial: { phase: 'signedOut', reason: null, endedAt: null }, found })
    await Promise.resolve()
    expect(phases).toEqual(['signedOut'])
  })

  it('S134 shows in Svelte what the server knew until it is hydrated, and then what the session knows', async () => {
    const { session } = await watched()
    show({ session, initial: { phase: 'signedOut', reason: null, endedAt: null } })
    expect(lines()).toEqual(['signedOut null', 'signedOut null'])
    await Promise.resolve()
    expect(lines()).toEqual(['active null', 'active null'])
  })

  it('S134 shows in Svelte what the server knew also where the provided session is given', async () => {
    const { session } = await watched()
    const phases: string[] = []
    const found = (): void => {
      useSession(session).subscribe(({ phase }) => phases.push(phase))()
    }
    show({ session, initial: { phase: 'signedOut', reason: null, endedAt: null }, found })
    expect(phases).toEqual(['signedOut'])
  })

  it('S134 counts nothing down in Svelte before a page is hydrated in which the server knew of no warning', async () => {
    const { session, world } = await watched()
    await world.advance(100e3)
    show({ session, initial: { phase: 'signedOut', reason: null, endedAt: null } })
    expect(lines()).toEqual(['signedOut null', 'signedOut null'])
    await Promise.resolve()
    expect(lines()).toEqual(['warning 100', 'warning 100'])
  })

  it('S134 a component of Svelte made after hydration shows what the session knows at once', async () => {
    const { session } = await watched()
    show({ session, initial: { phase: 'signedOut', reason: null, endedAt: null } }, Later)
    await Promise.resolve()
    target.querySelector('button')?.click()
    flushSync()
    expect(lines()).toEqual(['active null', 'active null'])
  })

  it('a page that a server rendered is hydrated by Svelte without a warning, and shows the phase', async () => {
    const { body } = render(ShownOnServer, { props: { session: onServer() } })
    target.innerHTML = body
    expect(target.textContent).toContain('loading null')
    const { session } = await watched()
    shown = hydrate(Shown, { target, props: { session } })
    expect(lines()).toEqual(['active null', 'active null'])
    expect(target.querySelector('b')?.textContent).toBe('known')
  })
})
