// @vitest-environment node
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSSRApp, h } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { describe, expect, it } from 'vitest'
import { sessionPlugin, useRemaining, useSession } from '../../src/adapters/vue.js'
import { createSession } from '../../src/index.js'

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void

/** How many of twenty requests a server still remembers after it has rendered them. */
async function remembered(use: () => object): Promise<number> {
  // As the docs have it: one in a module, for all requests.
  const session = createSession()
  const kept: WeakRef<object>[] = []
  for (let request = 0; request < 20; request++) {
    const app = createSSRApp({
      setup() {
        kept.push(new WeakRef(use()))
        return () => h('p')
      },
    })
    await renderToString(app.use(sessionPlugin, session))
  }
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    collectGarbage()
  }
  expect(session.getSnapshot().phase).toBe('loading')
  return kept.filter((one) => one.deref()).length
}

describe('what a server keeps of a page that it has rendered', () => {
  // There, what a component had subscribed to in a render on the server was never undone: no component is unmounted there. Here each
  // countdown that Vue rendered stayed among the listeners of the session, which lives as long as the server.
  it.each([
    ['useSession', () => useSession()],
    ['useRemaining', () => useRemaining()],
  ])(
    'tailwindlabs/headlessui#3747, ItsBenCodes/cookies#191: Vue’s %s leaves nothing on a server',
    async (_name, use) => {
      // The last one may still be on the stack.
      expect((await remembered(use)) < 3).toBe(true)
    },
  )
})
