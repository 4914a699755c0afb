/** Who is measured: each one mounted the way its documentation shows it. */
import { useIdle } from '@vueuse/core'
import { createElement, useState, type ReactElement } from 'react'
import { flushSync } from 'react-dom'
import { createRoot } from 'react-dom/client'
import { useIdleTimer } from 'react-idle-timer'
import { createSession } from 'sojourn'
import { createApp, h } from 'vue'

/** ms. Long enough that nobody is idle while the machine is busy with something else. */
const idleTimeout = 8 * 3_600_000
const warnBefore = 120_000

export const candidates = ['empty', 'sojourn', 'reactIdleTimer', 'reactIdleTimerTabs', 'vueuse'] as const
export type Candidate = (typeof candidates)[number]

function place(): HTMLElement {
  return document.body.appendChild(document.createElement('div'))
}

function mountReact(tabs: { crossTab?: boolean; syncTimers?: number }): void {
  function App(): ReactElement {
    const [state, setState] = useState('active')
    useIdleTimer({
      timeout: idleTimeout,
      promptBeforeIdle: warnBefore,
      ...tabs,
      onPrompt: () => setState('prompted'),
      onIdle: () => setState('idle'),
      onActive: () => setState('active'),
    })
    return createElement('p', null, state)
  }
  const root = createRoot(place())
  // Its listeners come with an effect, which React runs before this returns.
  flushSync(() => root.render(createElement(App)))
}

const mounts: Readonly<Record<Candidate, () => void | Promise<void>>> = {
  /** What listening costs at all: a listener that does nothing, for the events of these actions that Sojourn listens to. */
  empty() {
    for (const type of ['pointermove', 'keydown', 'input'])
      window.addEventListener(type, () => {}, { capture: true, passive: true })
  },
  async sojourn() {
    const session = createSession({ idleTimeout, warnBefore })
    await session.signIn()
    if (session.getSnapshot().phase !== 'active') throw new Error('Sojourn has no session to look after.')
  },
  reactIdleTimer: () => mountReact({}),
  /** What one session over all tabs needs: its tabs and their timers in step. */
  reactIdleTimerTabs: () => mountReact({ crossTab: true, syncTimers: 200 }),
  vueuse() {
    const app = createApp({
      setup() {
        const { idle } = useIdle(idleTimeout)
        return () => h('p', idle.value ? 'idle' : 'active')
      },
    })
    app.mount(place())
  },
}

export async function mount(candidate: Candidate): Promise<void> {
  await mounts[candidate]()
}
