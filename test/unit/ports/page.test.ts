// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchInput } from '../../../src/ports/input.js'
import { browserPorts } from '../../../src/ports/browser.js'
import { openChannel } from '../../../src/ports/channel.js'
import { onWake, page, prerendering } from '../../../src/ports/page-lifecycle.js'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  document.body.replaceChildren()
})

/** An event with `isTrusted`. */
const byPerson = (type: string, known: object = {}): Event => {
  const event = new Event(type, { bubbles: true })
  for (const [name, value] of Object.entries({ isTrusted: true, ...known }))
    Object.defineProperty(event, name, { value })
  return event
}

const SCRIPTABLE = ['beforeinput', 'input', 'click']

/** Dispatches an event as the browser does: in microtasks it is still under way. One of a script has been dispatched by then. */
const act = (target: EventTarget, type: string): void => {
  const event = byPerson(type)
  target.dispatchEvent(event)
  Object.defineProperty(event, 'eventPhase', { value: 1 })
}

describe('the input of a person', () => {
  let seen = vi.fn()
  let watching: ReturnType<typeof watchInput>
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
    seen = vi.fn()
    watching = watchInput(seen)
    vi.setSystemTime(Date.now() + 5e3)
  })
  afterEach(() => {
    watching.stop()
  })

  it.each(['pointerdown', 'wheel', 'touchmove', 'keydown', 'compositionupdate', 'dragover', ...SCRIPTABLE])(
    '%s anywhere in the page is input, even if the application stops the event',
    async (type) => {
      const button = document.body.appendChild(document.createElement('button'))
      button.addEventListener(type, (event) => event.stopImmediatePropagation())
      act(button, type)
      await Promise.resolve()
      expect(seen).toHaveBeenCalledTimes(1)
    },
  )

  it.each(SCRIPTABLE)('I16: %s that a script has caused is no input, although the event is trusted', async (type) => {
    const box = document.body.appendChild(document.createElement('input'))
    box.dispatchEvent(byPerson(type))
    await Promise.resolve()
    expect(seen).not.toHaveBeenCalled()
  })

  it('the cause of an event is not examined while activity is known anyway', async () => {
    const state = { isKnown: true }
    const fresh = watchInput(seen, { isKnown: () => state.isKnown })
    watching.stop()
    act(document.body, 'input')
    await Promise.resolve()
    expect(seen).not.toHaveBeenCalled()
    state.isKnown = false
    act(document.body, 'input')
    await Promise.resolve()
    expect(seen).toHaveBeenCalledOnce()
    fresh.stop()
  })

  it.each(['focus', 'blur', 'scroll', 'visibilitychange', 'mousemove', 'pointerover', 'load', 'storage', 'message'])(
    'I16: %s is no input',
    (type) => {
      document.body.dispatchEvent(byPerson(type))
      window.dispatchEvent(byPerson(type))
      expect(seen).not.toHaveBeenCalled()
    },
  )

  it('I16: an event that a script has made is no input', () => {
    for (const type of ['click', 'keydown', 'pointerdown', 'pointermove', 'input'])
      document.body.dispatchEvent(new Event(type, { bubbles: true }))
    document.body.click()
    expect(seen).not.toHaveBeenCalled()
  })

  it('a pointer move is input only if the position changes', () => {
    const move = (screenX: number, screenY: number): void =>
      void document.body.dispatchEvent(byPerson('pointermove', { screenX, screenY }))
    move(1, 1)
    expect(seen).toHaveBeenCalledTimes(1)
    move(1, 1)
    move(1, 1)
    expect(seen).toHaveBeenCalledTimes(1)
    move(1, 2)
    move(2, 2)
    expect(seen).toHaveBeenCalledTimes(3)
    document.body.dispatchEvent(byPerson('pointermove', { screenX: 2, screenY: 2, movementX: 0, movementY: 1 }))
    expect(seen).toHaveBeenCalledTimes(4)
  })

  it('a pointer position is not read while activity is known, and a later move is still compared', () => {
    const state = { isKnown: false }
    const fresh = watchInput(seen, { isKnown: () => state.isKnown })
    watching.stop()
    vi.setSystemTime(Date.now() + 5e3)
    let reads = 0
    const move = (x: number): void => {
      const event = byPerson('pointermove', { screenY: 1 })
      Object.defineProperty(event, 'screenX', { get: () => (reads++, x) })
      document.body.dispatchEvent(event)
    }
    move(2)
    expect(seen).toHaveBeenCalledTimes(1)
    state.isKnown = true
    reads = 0
    for (const x of [3, 4, 5]) move(x)
    expect([reads, seen.mock.calls.length]).toEqual([0, 1])
    state.isKnown = false
    // The layout changes under the mouse, which rests where the last move left it.
    move(5)
    expect(seen).toHaveBeenCalledTimes(1)
    move(6)
    expect(seen).toHaveBeenCalledTimes(2)
    fresh.stop()
  })

  it('I16: the move that a new page gets under a resting mouse is no input', () => {
    const late = vi.fn()
    const fresh = watchInput(late)
    document.body.dispatchEvent(byPerson('pointermove', { screenX: 5, screenY: 5 }))
    expect(late).not.toHaveBeenCalled()
    document.body.dispatchEvent(byPerson('pointermove', { screenX: 6, screenY: 5 }))
    expect(late).toHaveBeenCalledTimes(1)
    fresh.stop()
  })

  it('I10: input is not reported after stop(), which may be called twice', async () => {
    watching.stop()
    watching.stop()
    for (const type of ['keydown', 'click']) act(document.body, type)
    await Promise.resolve()
    expect(seen).not.toHaveBeenCalled()
  })

  it('isFocusInFrame() finds a frame of another origin, also in frames, shadow trees and embeds', () => {
    vi.spyOn(Document.prototype, 'hasFocus').mockReturnValue(true)
    const focus = (element: object | null): void => {
      vi.spyOn(Document.prototype, 'activeElement', 'get').mockReturnValue(element as Element | null)
    }
    focus({ contentWindow: {}, contentDocument: null })
    expect(watching.isFocusInFrame()).toBe(true)
    focus({ contentWindow: {}, contentDocument: {} })
    expect(watching.isFocusInFrame()).toBe(false)
    const foreign = { activeElement: { contentWindow: {}, contentDocument: null } }
    focus({ contentWindow: {}, contentDocument: foreign })
    expect(watching.isFocusInFrame()).toBe(true)
    focus({ shadowRoot: foreign })
    expect(watching.isFocusInFrame()).toBe(true)
    focus({ shadowRoot: { activeElement: document.body } })
    expect(watching.isFocusInFrame()).toBe(false)
    focus(document.body)
    expect(watching.isFocusInFrame()).toBe(false)
    focus(null)
    expect(watching.isFocusInFrame()).toBe(false)
    // An <embed> has no `contentWindow`, and the frame of a PDF viewer shows a document with an <embed> in it.
    const embed = { getSVGDocument: () => null }
    focus(embed)
    expect(watching.isFocusInFrame()).toBe(true)
    focus({ contentWindow: {}, contentDocument: { activeElement: embed } })
    expect(watching.isFocusInFrame()).toBe(true)
    vi.spyOn(Document.prototype, 'hidden', 'get').mockReturnValue(true)
    expect(watching.isFocusInFrame()).toBe(false)
    vi.restoreAllMocks()
  })

  it('isFocusInFrame() is true while the page has the focus and no watched window has it', () => {
    vi.spyOn(Document.prototype, 'hasFocus').mockReturnValue(true)
    const undo = onWake(() => {})
    document.body.appendChild(document.createElement('input')).focus()
    expect(watching.isFocusInFrame()).toBe(false)
    window.dispatchEvent(new Event('blur'))
    expect(watching.isFocusInFrame()).toBe(true)
    // Also for a session that begins only now.
    const later = watchInput(seen)
    expect(later.isFocusInFrame()).toBe(true)
    window.dispatchEvent(new Event('focus'))
    expect([watching.isFocusInFrame(), later.isFocusInFrame()]).toEqual([false, false])
    later.stop()
    undo()
    vi.restoreAllMocks()
  })

  it('a blur inside a frame is reported once, one task later', () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    vi.spyOn(Document.prototype, 'hasFocus').mockReturnValue(true)
    const left = vi.fn()
    const fresh = watchInput(seen, { left })
    const inner = new EventTarget()
    const view = Object.assign(inner, { *[Symbol.iterator]() {}, document: new EventTarget() })
    vi.spyOn(Document.prototype, 'activeElement', 'get').mockReturnValue({
      contentWindow: view,
      contentDocument: { activeElement: document.body },
    } as unknown as Element)
    // Each look finds the same window, which gets its listeners only once.
    for (let times = 0; times < 3; times++) expect(fresh.isFocusInFrame()).toBe(false)
    inner.dispatchEvent(new Event('blur'))
    expect(left).not.toHaveBeenCalled()
    vi.runAllTimers()
    expect(left).toHaveBeenCalledOnce()
    expect(fresh.isFocusInFrame()).toBe(true)
    inner.dispatchEvent(new Event('focus'))
    expect(fresh.isFocusInFrame()).toBe(false)
    fresh.stop()
    vi.restoreAllMocks()
  })

  it('the input of a given window is reported by the watcher of that window alone', () => {
    const types = new Map<string, (event: Event) => void>()
    const view = {
      *[Symbol.iterator]() {},
      addEventListener: (type: string, listener: (event: Event) => void) => void types.set(type, listener),
      document: window.document,
      navigator: { userActivation: { isActive: true } },
    }
    const there = vi.fn()
    const other = watchInput(there, { view: view as unknown as Window })
    document.body.dispatchEvent(byPerson('keydown'))
    expect(there).not.toHaveBeenCalled()
    types.get('keydown')!(byPerson('keydown'))
    expect(there).toHaveBeenCalledOnce()
    expect([watching.isUserActive(), other.isUserActive()]).toEqual([false, true])
    other.stop()
  })

  it('the input of a given window is reported after its document was written anew', async () => {
    const types = new Map<string, (event: Event) => void>()
    const document = window.document.implementation.createHTMLDocument()
    const view = {
      *[Symbol.iterator]() {},
      addEventListener: (type: string, listener: (event: Event) => void) => void types.set(type, listener),
      document,
    }
    const there = vi.fn()
    const other = watchInput(there, { view: view as unknown as Window })
    const open = async (): Promise<void> => {
      types.clear()
      document.replaceChildren(document.createElement('html'))
      await new Promise((resolve) => setTimeout(resolve))
    }
    await open()
    types.get('keydown')!(byPerson('keydown'))
    expect(there).toHaveBeenCalledOnce()
    other.stop()
    await open()
    expect(types.size).toBe(0)
  })
})

describe('hints that time may have passed', () => {
  it('a hint comes from each such event of window and document, with `persisted` of pageshow', () => {
    const hint = vi.fn()
    const undo = onWake(hint)
    for (const type of ['pageshow', 'pagehide', 'focus', 'online'])
      window.dispatchEvent(Object.assign(new Event(type), { persisted: type === 'pageshow' }))
    for (const type of ['visibilitychange', 'resume']) document.dispatchEvent(new Event(type))
    expect(hint.mock.calls.map(([cause]) => String(cause))).toEqual([
      'pageshow',
      'pagehide',
      'focus',
      'online',
      'visibilitychange',
      'resume',
    ])
    expect(hint.mock.calls[0]![1]).toBe(true)
    expect(hint.mock.calls[1]![1]).toBe(false)
    undo()
    undo()
    window.dispatchEvent(new Event('focus'))
    expect(hint).toHaveBeenCalledTimes(6)
  })

  it('a hint of a page that is being hidden has the cause hidden', () => {
    const hint = vi.fn()
    const undo = onWake(hint)
    vi.spyOn(Document.prototype, 'hidden', 'get').mockReturnValue(true)
    document.dispatchEvent(new Event('visibilitychange'))
    expect(hint.mock.lastCall![0]).toBe('hidden')
    vi.restoreAllMocks()
    undo()
  })

  it('a hint follows a blur one task later, when the new focus is known', () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const hint = vi.fn()
    const undo = onWake(hint)
    window.dispatchEvent(new Event('blur'))
    expect(hint).not.toHaveBeenCalled()
    vi.runAllTimers()
    window.dispatchEvent(new Event('focus'))
    undo()
    window.dispatchEvent(new Event('blur'))
    vi.runAllTimers()
    expect(hint.mock.calls.map(([cause]) => String(cause))).toEqual(['blur', 'focus'])
  })

  it('I15: hints use neither unload nor beforeunload, which would exclude the page from the cache', () => {
    const types: string[] = []
    const add = vi.spyOn(window, 'addEventListener').mockImplementation((type: string) => void types.push(type))
    onWake(() => {})()
    watchInput(() => {}).stop()
    expect(types).not.toContain('unload')
    expect(types).not.toContain('beforeunload')
    add.mockRestore()
  })
})

describe('elements with the names of members of document', () => {
  const names = ['addEventListener', 'hidden', 'hasFocus', 'activeElement', 'documentElement'] as const
  beforeEach(() => {
    for (const name of names)
      Object.defineProperty(document, name, { configurable: true, value: document.createElement('form') })
  })
  afterEach(() => {
    for (const name of names) Reflect.deleteProperty(document, name)
  })

  it('elements with the names of members of document disturb neither hints nor frames nor hide()', () => {
    const hint = vi.fn()
    const stop = onWake(hint)
    document.dispatchEvent(new Event('visibilitychange'))
    expect(hint).toHaveBeenCalledOnce()
    stop()
    const watching = watchInput(() => {})
    expect(watching.isFocusInFrame()).toBe(false)
    watching.stop()
    page.hide()
    Reflect.deleteProperty(document, 'documentElement')
    expect(document.documentElement.style.visibility).toBe('hidden')
    document.documentElement.style.cssText = ''
  })
})

describe('a page that is out of date', () => {
  it('I2: a page that is out of date is hidden in spite of its own styles', () => {
    page.hide()
    const { style } = document.documentElement
    const found = ['visibility', 'display'].map((name) => [
      style.getPropertyValue(name),
      style.getPropertyPriority(name),
    ])
    expect(found).toEqual([
      ['hidden', 'important'],
      ['none', 'important'],
    ])
    style.cssText = ''
  })
})

describe('the channel', () => {
  const NAME = 'sojourn:session:1'
  class Channel {
    static readonly opened: Channel[] = []
    readonly posted: unknown[] = []
    onmessage: ((event: { data: unknown }) => void) | null = null
    isClosed = false
    readonly name: string
    constructor(name: string) {
      this.name = name
      Channel.opened.push(this)
    }
    postMessage(message: unknown): void {
      this.posted.push(message)
    }
    close(): void {
      this.isClosed = true
    }
  }
  const storageEvent = (key: string | null, newValue: string | null): Event =>
    Object.assign(new Event('storage'), { key, newValue })

  beforeEach(() => {
    Channel.opened.length = 0
    vi.stubGlobal('BroadcastChannel', Channel)
  })

  it('the channel reports storage events of the record, of its end and of a clear, and no others', () => {
    const received = vi.fn()
    const tabs = openChannel(NAME, received)
    window.dispatchEvent(storageEvent(NAME, 'r'))
    window.dispatchEvent(storageEvent(`${NAME}:end`, 'e'))
    window.dispatchEvent(storageEvent(null, null))
    for (const key of ['other', `${NAME}:lease`, 'sojourn:session:2', '']) window.dispatchEvent(storageEvent(key, 'x'))
    expect(received.mock.calls).toEqual([
      ['storage', { record: 'r' }],
      ['storage', { end: 'e' }],
      ['storage', null],
    ])
    tabs.close()
  })

  it('the channel posts messages, and reports those of other tabs', () => {
    const received = vi.fn()
    const tabs = openChannel(NAME, received)
    const [channel] = Channel.opened
    expect(tabs.works).toBe(true)
    expect(channel!.name).toBe(NAME)
    tabs.post({ record: 'r' })
    expect(channel!.posted).toEqual([{ record: 'r' }])
    channel!.onmessage!({ data: { end: 'e' } })
    expect(received).toHaveBeenCalledExactlyOnceWith('channel', { end: 'e' })
    tabs.close()
  })

  it.each([null, undefined, 7, 'text', true])('I12: the channel reports the message %s as null', (data) => {
    const received = vi.fn()
    const tabs = openChannel(NAME, received)
    Channel.opened[0]!.onmessage!({ data })
    expect(received).toHaveBeenCalledExactlyOnceWith('channel', null)
    tabs.close()
  })

  it('I10: the channel reports nothing after close(), which may be called twice', () => {
    const received = vi.fn()
    const tabs = openChannel(NAME, received)
    tabs.close()
    tabs.close()
    window.dispatchEvent(storageEvent(NAME, 'r'))
    expect(received).not.toHaveBeenCalled()
    expect(Channel.opened[0]!.isClosed).toBe(true)
  })

  it.each([
    ['missing', undefined],
    [
      'refused',
      function () {
        throw new DOMException('opaque origin', 'SecurityError')
      },
    ],
  ])('the channel reports storage events even if BroadcastChannel is %s', (_how, channel) => {
    vi.stubGlobal('BroadcastChannel', channel)
    const received = vi.fn()
    const tabs = openChannel(NAME, received)
    expect(tabs.works).toBe(false)
    expect(() => tabs.post({})).not.toThrow()
    window.dispatchEvent(storageEvent(NAME, 'r'))
    expect(received).toHaveBeenCalledTimes(1)
    tabs.close()
  })
})

describe('the ports of a browser', () => {
  it('the ports make ids that decode accepts, never twice the same', () => {
    const ids = Array.from({ length: 1000 }, () => browserPorts().id())
    expect(new Set(ids).size).toBe(1000)
    for (const id of ids) expect(id).toMatch(/^[\da-z]{21}$/)
  })

  it('the ports report errors of the application by reportError', () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    const fault = new Error('a bug of the application')
    browserPorts().report(fault)
    expect(report).toHaveBeenCalledExactlyOnceWith(fault)
  })

  it('the ports have a page, read navigator.onLine, and warn on the console', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const ports = browserPorts()
    expect(ports.hasPage).toBe(true)
    vi.stubGlobal('navigator', { onLine: false })
    expect(ports.online()).toBe(false)
    ports.warn('short')
    expect(warn).toHaveBeenCalledExactlyOnceWith('short')
    warn.mockRestore()
  })
})

describe('a prerendered page', () => {
  const pretend = (get: () => boolean): void => {
    Object.defineProperty(Document.prototype, 'prerendering', { configurable: true, get })
  }
  afterEach(() => {
    Reflect.deleteProperty(Document.prototype, 'prerendering')
  })

  it('a prerendered page is recognised by the browser’s property, not by an element of its name', () => {
    expect(prerendering()).toBe(false)
    Object.defineProperty(document, 'prerendering', { configurable: true, value: document.createElement('img') })
    expect(prerendering()).toBe(false)
    Reflect.deleteProperty(document, 'prerendering')
    pretend(() => true)
    expect([prerendering(), browserPorts().prerendering()]).toEqual([true, true])
  })

  it('a prerendered page hints when it is opened, before the page’s own listeners', () => {
    const order: string[] = []
    const onOpened = (): void => void order.push('page')
    const undo = onWake((cause) => order.push(cause))
    document.addEventListener('prerenderingchange', onOpened)
    document.dispatchEvent(new Event('prerenderingchange'))
    document.removeEventListener('prerenderingchange', onOpened)
    undo()
    document.dispatchEvent(new Event('prerenderingchange'))
    expect(order).toEqual(['prerenderingchange', 'page'])
  })
})
