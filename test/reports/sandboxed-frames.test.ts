import { afterEach, describe, expect, it, vi } from 'vitest'
import { companionCookie } from '../../src/companion.js'
import { createWorld } from '../unit/session/world.js'

class Page {
  get cookie(): string {
    throw new DOMException('The document is sandboxed and lacks the "allow-same-origin" flag.', 'SecurityError')
  }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a sandboxed frame', () => {
  // There, the first look at `document.cookie` threw, and the application did not start.
  it('js-cookie/js-cookie#531, omdsh-dev/DSH-better-sidebar#205: a companion cookie that may not be read is none', async () => {
    const world = createWorld()
    const tab = await world.signedIn({}, { methods: ['check'] })
    vi.stubGlobal('Document', Page)
    vi.stubGlobal('document', new Page())
    vi.stubGlobal('window', {})
    const undo = companionCookie(tab.session, 'signed-in')
    tab.hint('focus')
    await world.advance('1m')
    expect(tab.visible()).toBe('active')
    undo()
  })
})
