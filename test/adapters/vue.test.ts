import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  createApp,
  createSSRApp,
  defineComponent,
  effectScope,
  h,
  inject,
  nextTick,
  onMounted,
  provide,
  ref,
  type App,
} from 'vue'
import { renderToString } from 'vue/server-renderer'
import { sessionKey, sessionPlugin, useRemaining, useSession } from '../../src/adapters/vue.js'
import type { Session } from '../../src/types.js'
import { onServer, watched } from './watched.js'

const complaints = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')]
let container: HTMLElement
let app: App | undefined
let renders = 0

beforeEach(() => {
  renders = 0
  container = document.body.appendChild(document.createElement('div'))
})
afterEach(() => {
  app?.unmount()
  app = undefined
  container.remove()
  for (const complaint of complaints) expect(complaint.mock.calls).toEqual([])
})

const Shown = defineComponent(() => {
  const snapshot = useSession()
  const seconds = useRemaining()
  return () => {
    renders++
    return h('p', `${snapshot.value.phase} ${String(seconds.value)}`)
  }
})

const mount = (session: Session, component = Shown): void => {
  app = createApp(component).use(sessionPlugin, session)
  app.mount(container)
}

describe('a Vue component', () => {
  it('a Vue component shows the phase at once, and each new one', async () => {
    const { session, world, later, signOut } = await watched()
    mount(session)
    expect(container.textContent).toBe('active null')
    await world.advance(100e3)
    expect(container.textContent).toBe('warning 100')
    await later(50e3)
    await nextTick()
    expect(container.textContent).toBe('warning 50')
    await session.extend()
    await nextTick()
    expect(container.textContent).toBe('active null')
    await signOut()
    expect(container.textContent).toBe('signedOut null')
  })

  it('a Vue component shows the phase at once where its vnode is shown again', async () => {
    const { session } = await watched()
    const seen: string[] = []
    const Noting = defineComponent(() => {
      const snapshot = useSession()
      seen.push(snapshot.value.phase)
      return () => h('p', snapshot.value.phase)
    })
    const kept = h(Noting)
    const isShown = ref(true)
    mount(
      session,
      defineComponent(() => () => (isShown.value ? h('div', [kept]) : h('i'))),
    )
    for (const next of [false, true]) {
      isShown.value = next
      await nextTick()
    }
    expect(seen).toEqual(['active', 'active'])
  })

  it('a Vue component does not render again at each activity', async () => {
    const { session, tab, world } = await watched()
    mount(session)
    for (let minute = 0; minute < 5; minute++) {
      tab.input()
      await world.advance(60e3)
    }
    expect(renders).toBe(1)
  })

  it('a Vue component stops listening when it is unmounted', async () => {
    const { session, listeners } = await watched()
    const isThere = ref(true)
    mount(
      session,
      defineComponent(() => () => (isThere.value ? h(Shown) : null)),
    )
    // One for the phase, one for the remaining time.
    expect(listeners()).toBe(2)
    isThere.value = false
    await nextTick()
    expect(listeners()).toBe(0)
  })

  it('a Vue component gets the session itself by its key', async () => {
    const { session } = await watched()
    const found: unknown[] = []
    mount(
      session,
      defineComponent(() => {
        found.push(inject(sessionKey))
        return () => null
      }),
    )
    expect(found).toEqual([session])
  })
})

describe('an effect scope outside of any component', () => {
  it('an effect scope outside of a component follows the given session until it stops', async () => {
    const { session, signOut, listeners } = await watched()
    const scope = effectScope()
    const snapshot = scope.run(() => useSession(session))!
    expect(snapshot.value.phase).toBe('active')
    await signOut()
    expect(snapshot.value.phase).toBe('signedOut')
    scope.stop()
    expect(listeners()).toBe(0)
  })

  it('an effect scope that is made when a component is mounted shows the phase at once', async () => {
    const { session } = await watched()
    const scope = effectScope(true)
    const seen: unknown[] = []
    mount(
      session,
      defineComponent(() => {
        onMounted(() => {
          seen.push(...scope.run(() => [useSession(session).value.phase, useSession().value.phase])!)
        })
        return () => h('p')
      }),
    )
    expect(seen).toEqual(['active', 'active'])
    scope.stop()
  })

  it('an effect scope gets the session with its snapshot', async () => {
    const { session } = await watched()
    const scope = effectScope()
    expect(scope.run(() => useSession(session))!.value).toEqual({ ...session.getSnapshot(), session })
    scope.stop()
  })

  it('an effect scope without a session throws an error that says what is missing', () => {
    createApp({}).runWithContext(() => {
      for (const none of [undefined, {} as Session])
        expect(() => useSession(none)).toThrow(
          expect.objectContaining({
            code: 'invalid_options',
            message: expect.stringContaining('sessionPlugin') as string,
          }),
        )
    })
  })
})

const nobody = { phase: 'signedOut', reason: null, endedAt: null } as const

describe('a page that a server rendered', () => {
  it('S134 shows in Vue what the server knew of the session of the plugin, also where that is given', async () => {
    const session = onServer()
    const Given = defineComponent(() => {
      const view = useSession(session)
      return () => h('p', view.value.phase)
    })
    const page = createSSRApp(Given).use(sessionPlugin, session, nobody)
    expect(await renderToString(page)).toBe('<p>signedOut</p>')
  })

  it('S134 says nothing in Vue of a session that is provided below the plugin', async () => {
    const Below = defineComponent(() => {
      provide(sessionKey, onServer())
      return () => h(Shown)
    })
    const page = createSSRApp(Below).use(sessionPlugin, onServer(), nobody)
    expect(await renderToString(page)).toBe('<p>loading null</p>')
  })

  it('S134 shows in Vue what the server knew until it is hydrated, and then what the session knows', async () => {
    container.innerHTML = await renderToString(createSSRApp(Shown).use(sessionPlugin, onServer(), nobody))
    expect(container.textContent).toBe('signedOut null')
    const { session } = await watched()
    app = createSSRApp(Shown).use(sessionPlugin, session, nobody)
    app.mount(container)
    await nextTick()
    expect(container.textContent).toBe('active null')
  })

  it('a page that a server rendered is hydrated by Vue without a mismatch, then shows the phase', async () => {
    container.innerHTML = await renderToString(createSSRApp(Shown).use(sessionPlugin, onServer()))
    expect(container.textContent).toBe('loading null')
    const { session } = await watched()
    app = createSSRApp(Shown).use(sessionPlugin, session)
    app.mount(container)
    await nextTick()
    expect(container.textContent).toBe('active null')
  })
})
