// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchInput } from '../../src/ports/input.js'
import { onWake } from '../../src/ports/page-lifecycle.js'
import { createWorld } from '../../src/testing.js'

/** An event with `isTrusted`. */
const trusted = (type: string): Event =>
  Object.defineProperty(new Event(type, { bubbles: true }), 'isTrusted', { value: true })

describe('input of a user', () => {
  let seen = vi.fn()
  let watching: ReturnType<typeof watchInput>
  beforeEach(() => {
    seen = vi.fn()
    watching = watchInput(seen)
  })
  afterEach(() => {
    watching.stop()
    document.body.replaceChildren()
    vi.restoreAllMocks()
  })

  // `isTrusted` does not prove that a person acted. The `input` that follows `checkbox.click()` is trusted by HTML, and a page
  // whose script clicks all the time may have no user.
  it.each(['input', 'beforeinput', 'click'])(
    'whatwg/html#1126: a trusted %s counts if the browser dispatches it, and not if a script causes it',
    async (type) => {
      const box = document.body.appendChild(document.createElement('input'))
      box.dispatchEvent(trusted(type))
      await Promise.resolve()
      expect(seen).not.toHaveBeenCalled()
      const event = trusted(type)
      box.dispatchEvent(event)
      // In microtasks an event of the browser is still under way.
      Object.defineProperty(event, 'eventPhase', { value: 1 })
      await Promise.resolve()
      expect(seen).toHaveBeenCalledOnce()
    },
  )

  const focus = (element: object | null): void => {
    vi.spyOn(Document.prototype, 'hasFocus').mockReturnValue(true)
    vi.spyOn(Document.prototype, 'activeElement', 'get').mockReturnValue(element as Element | null)
  }

  // There, people who read a long PDF in a frame were signed out: its viewer sends no event to the page. A frame with a PDF has the
  // same origin, so that a search for frames of other origins does not find it.
  it('JillElaine/jquery-idleTimeout#34: the focus in a PDF viewer is sampled, whatever shows it', () => {
    const embed = { getSVGDocument: () => null }
    for (const viewer of [
      embed,
      { contentWindow: {}, contentDocument: { activeElement: embed }, getSVGDocument: () => null },
      { shadowRoot: { activeElement: embed } },
    ]) {
      focus(viewer)
      expect(watching.isFocusInFrame()).toBe(true)
    }
    focus(document.body)
    expect(watching.isFocusInFrame()).toBe(false)
  })

  // There, people who filled in a long form in the frame of another site were signed out by the page around it, which gets no event
  // from the frame. The window loses the focus to such a frame, also if it is in a closed shadow tree.
  it('hellosign/hellosign-embedded#113: the focus in a frame of another origin is sampled', () => {
    focus({ contentWindow: {}, contentDocument: null })
    expect(watching.isFocusInFrame()).toBe(true)
    focus({ shadowRoot: null })
    expect(watching.isFocusInFrame()).toBe(false)
    const undo = onWake(() => undefined)
    window.dispatchEvent(new Event('blur'))
    expect(watching.isFocusInFrame()).toBe(true)
    window.dispatchEvent(new Event('focus'))
    expect(watching.isFocusInFrame()).toBe(false)
    undo()
  })

  // There, keys and clicks in a window that the page had opened and filled were lost: the listeners were on its own document.
  it('jaywcjlove/hotkeys-js#245, theKashey/react-focus-on#88: a window is watched on request', async () => {
    const world = createWorld()
    const tab = await world.signedIn()
    const popup = { closed: false, document: {}, addEventListener: () => undefined } as unknown as Window
    Object.assign(popup, { window: popup })
    await world.advance('14m')
    tab.input(popup)
    expect(tab.phase()).toBe('warning')
    await world.until(tab.session.extend())
    tab.session.watch(popup)
    for (let minutes = 0; minutes < 30; minutes += 5) {
      await world.advance('5m')
      tab.input(popup)
      expect(tab.phase()).toBe('active')
    }
    Object.assign(popup, { closed: true })
    await world.advance('15m')
    expect(tab.phase()).toBe('signedOut')
  })
})
