import { readFileSync } from 'node:fs'
import type { Page, World } from '../../../src/testing.js'
import type { SessionOptions, TokenSession } from '../../../src/types.js'

/** Version 0.1.0 takes a server and a token store without plugins. */
type Options = Omit<SessionOptions, 'server' | 'tokenStore'> & {
  readonly server?: object
  readonly tokenStore?: object
}

export type OldPage = Page & { readonly session: TokenSession }

const build = readFileSync(new URL('../../e2e/versions/0.1.0.min.js', import.meta.url), 'utf8')

/** A page of version 0.1.0, the build that was kept, in a world of this version. It sees no input and no hints of its page. */
export function openOld(world: World, optionsOf: (page: Page) => Options = () => ({})): OldPage {
  const page = world.page()
  const { ports } = page
  const document = Object.assign(new EventTarget(), { hidden: false, hasFocus: () => true, activeElement: null })
  const window = Object.assign(new EventTarget(), { document })
  world.storage.listen(page, (key, newValue) => {
    window.dispatchEvent(Object.assign(new Event('storage'), { key, newValue }))
  })
  const globals = {
    window,
    document,
    addEventListener: window.addEventListener.bind(window),
    localStorage: world.storage.of(page),
    navigator: { onLine: true, locks: world.locks.of(page) },
    Date: { now: ports.wallNow },
    performance: { now: () => ports.clock().mono },
    setTimeout: (run: () => void, ms: number) => ports.after(ms, run),
    clearTimeout: (cancel?: () => void) => cancel?.(),
    BroadcastChannel: function (this: { onmessage?: (event: object) => void }, name: string) {
      const { post, close } = world.channel.open(page, name, (data) => this.onmessage?.({ data }))
      return Object.assign(this, { postMessage: post, close })
    },
  }
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the build is a script, and is to see these globals
  const load = new Function(...Object.keys(globals), `${build}; return Sojourn`) as (...all: unknown[]) => {
    createSession: (options: Options) => TokenSession
  }
  const { createSession } = load(...Object.values(globals))
  return Object.assign(page, { session: createSession(optionsOf(page)) })
}
