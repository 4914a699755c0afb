// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi, type Mock } from 'vitest'
import type { Session } from '../../../src/types.js'
import { warningDialog, type DialogOptions } from '../../../src/ui/dialog/dialog.js'
import { hide, pass, SECOND, settle, untilWarned, usePage } from './page.js'

const page = usePage()

/** Ms in which nothing is an answer. */
const MOMENT = 750

const undos: (() => void)[] = []
afterEach(() => {
  for (const undo of undos.splice(0)) undo()
})

const host = (): Element => document.querySelector('.sojourn-dialog')!
const part = (name: string): HTMLElement => host().shadowRoot!.querySelector<HTMLElement>(`#${name}`)!
const isOpen = (): boolean => (part('dialog') as HTMLDialogElement).open

async function shown(session: Session = page.session, options?: DialogOptions): Promise<void> {
  undos.push(warningDialog(session, options))
  await untilWarned(session)
  expect(isOpen()).toBe(true)
}

/** Dispatches an event as the browser does for input of the user; events of a script are not trusted. */
function byHand(type: string, target: EventTarget = part('stay'), init: KeyboardEventInit = {}): Event {
  const event = type.startsWith('key')
    ? new KeyboardEvent(type, { bubbles: true, composed: true, cancelable: true, ...init })
    : new MouseEvent(type, { bubbles: true, composed: true, cancelable: true })
  Object.defineProperties(event, { isTrusted: { value: true }, timeStamp: { value: performance.now() } })
  target.dispatchEvent(event)
  return event
}

/** A key, pressed and released. */
async function press(key: string, target: EventTarget = part('stay')): Promise<void> {
  byHand('keydown', target, { key })
  byHand('keyup', target, { key })
  await settle()
}

async function click(name: string): Promise<void> {
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) byHand(type, part(name))
  await settle()
}

describe('the first moment of a warning', () => {
  it.each([
    ['Enter', 'stay'],
    [' ', 'stay'],
    ['Escape', 'stay'],
    ['Enter', 'sign-out'],
    [' ', 'sign-out'],
  ])('the first moment is too early for "%s" on "%s", and what follows is not', async (key, name) => {
    await shown()
    await pass(MOMENT - 1)
    await press(key, part(name))
    expect(page.session.getSnapshot().phase).toBe('warning')
    await pass(MOMENT)
    await press(key, part(name))
    expect(page.session.getSnapshot().phase).toBe(name === 'stay' || key === 'Escape' ? 'active' : 'signedOut')
  })

  it.each(['stay', 'sign-out'])('the first moment is too early for a click on "%s"', async (name) => {
    await shown()
    await pass(MOMENT - 1)
    await click(name)
    expect(page.session.getSnapshot().phase).toBe('warning')
    await pass(MOMENT)
    await click(name)
    expect(page.session.getSnapshot().phase).toBe(name === 'stay' ? 'active' : 'signedOut')
  })

  it.each(['cancel', 'close'])('the first moment is too early for a "%s" event of a browser gesture', async (type) => {
    await shown()
    const event = new Event(type, { cancelable: true })
    Object.defineProperties(event, { isTrusted: { value: true }, timeStamp: { value: performance.now() } })
    // Chromium closes a dialog at the second one without asking.
    if (type === 'close') (part('dialog') as HTMLDialogElement).open = false
    part('dialog').dispatchEvent(event)
    await settle()
    expect(page.session.getSnapshot().phase).toBe('warning')
    expect(isOpen()).toBe(true)
  })

  it('the first moment is over after exactly its length', async () => {
    await shown()
    await pass(MOMENT)
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('active')
  })

  it('the first moment lasts as long as a user types, however long', async () => {
    await shown()
    for (let n = 0; n < 20; n++) {
      await pass(MOMENT - 100)
      await press([' ', 'Enter', 'Escape', 'x'][n % 4]!)
    }
    expect(page.session.getSnapshot().phase).toBe('warning')
    expect(isOpen()).toBe(true)
  })

  it('the first moment lasts while a key is held that was pressed before, and a moment longer', async () => {
    const field = document.body.appendChild(document.createElement('input'))
    undos.push(warningDialog(page.session))
    byHand('keydown', field, { key: ' ' })
    await untilWarned(page.session)
    await pass(5 * SECOND)
    byHand('keyup', part('stay'), { key: ' ' })
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('warning')
    await pass(MOMENT)
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('active')
  })

  it('the first moment lasts while a key repeats', async () => {
    await shown()
    await pass(2 * SECOND)
    byHand('keydown', part('stay'), { key: 'Enter', repeat: true })
    byHand('keyup', part('stay'), { key: 'Enter' })
    await settle()
    expect(page.session.getSnapshot().phase).toBe('warning')
  })

  it('the first moment begins when a hidden tab is shown', async () => {
    undos.push(warningDialog(page.session))
    hide(true)
    await untilWarned(page.session)
    await pass(5 * SECOND)
    const visible = new Event('visibilitychange', { bubbles: true })
    Object.defineProperty(visible, 'timeStamp', { value: performance.now() })
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(false)
    document.dispatchEvent(visible)
    await settle()
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('warning')
    await pass(MOMENT)
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('active')
  })

  it('the first moment prevents the browser’s own action for a press', async () => {
    await shown()
    expect(byHand('keydown', part('stay'), { key: 'Tab' }).defaultPrevented).toBe(true)
    await pass(MOMENT)
    expect(byHand('keydown', part('stay'), { key: 'Tab' }).defaultPrevented).toBe(false)
  })

  it('the first moment does not apply to a script', async () => {
    await shown()
    part('stay').click()
    await settle()
    expect(page.session.getSnapshot().phase).toBe('active')
  })

  it('the first moment dismisses no end that cannot be extended', async () => {
    const session = await page.start({ idleTimeout: false, absoluteTimeout: '1h', warnBefore: '5m' })
    await shown(session)
    await pass(50)
    await press(' ')
    expect(isOpen()).toBe(true)
  })
})

describe('an answer after which the end cannot be extended', () => {
  it('the second half of a double click does not dismiss what it brought', async () => {
    const session = await page.start({ absoluteTimeout: '904s' })
    await shown(session)
    await pass(61 * SECOND)
    await click('stay')
    expect(part('stay').textContent).toBe('OK')
    await click('stay')
    expect(isOpen()).toBe(true)
    await pass(MOMENT)
    await click('stay')
    expect(isOpen()).toBe(false)
  })
})

describe('a page around an open dialog', () => {
  /** What reaches its listeners. */
  function listen(...types: string[]): string[] {
    const heard: string[] = []
    for (const place of [window, document])
      for (const type of types)
        for (const capture of [true, false]) place.addEventListener(type, () => heard.push(type), capture)
    return heard
  }

  it('a page around an open dialog gets no input in it, early or not', async () => {
    undos.push(warningDialog(page.session))
    const heard = listen('pointerdown', 'mousedown', 'mouseup', 'click', 'keydown', 'keyup', 'wheel')
    await untilWarned(page.session)
    await click('stay')
    await press('Enter')
    byHand('wheel')
    await pass(MOMENT)
    await click('dialog')
    await press('a')
    await press('Escape')
    expect(page.session.getSnapshot().phase).toBe('active')
    expect(heard).toEqual([])
  })

  it('a page around an open dialog gets no key either while no element has the focus', async () => {
    await shown()
    const heard = listen('keydown', 'keyup')
    await pass(MOMENT)
    await press('Escape', document.body)
    expect(page.session.getSnapshot().phase).toBe('active')
    expect(heard).toEqual([])
  })

  it('a page around an open dialog gets all input elsewhere, and all once the dialog is closed', async () => {
    const field = document.body.appendChild(document.createElement('input'))
    await shown()
    const heard = listen('keydown')
    await press('Enter', field)
    expect(heard).toHaveLength(4)
    await page.session.extend()
    await settle()
    await press('Enter', document.body)
    expect(heard).toHaveLength(8)
  })

  it('a page around an open dialog cannot prevent an answer by a listener added before', async () => {
    const forbid = (event: Event): void => {
      event.preventDefault()
      event.stopPropagation()
    }
    for (const type of ['keydown', 'keyup', 'keypress', 'mousedown', 'click']) {
      window.addEventListener(type, forbid, true)
      undos.push(() => window.removeEventListener(type, forbid, true))
    }
    for (const key of ['Enter', ' ', 'Escape']) {
      undos.push(warningDialog(page.session))
      await untilWarned(page.session)
      await pass(MOMENT)
      await press(key)
      expect(page.session.getSnapshot().phase).toBe('active')
      undos.pop()!()
      // What was pressed is activity of the session that goes on, and written down in a while.
      await pass(5 * SECOND)
    }
  })

  it('a page that stops each press in the window leaves the release for an answer', async () => {
    const swallow = (event: Event): void => {
      event.preventDefault()
      event.stopImmediatePropagation()
    }
    window.addEventListener('keydown', swallow, true)
    undos.push(() => window.removeEventListener('keydown', swallow, true))
    await shown()
    await pass(MOMENT)
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('active')
  })

  it('a press in the dialog counts as activity, if activity is an answer', async () => {
    const session = await page.start({ activityDuringWarning: 'extend' })
    await session.signOut()
    undos.push(warningDialog(session))
    // The session listens to input from now on, and so after the dialog.
    const signedIn = session.signIn()
    await pass(60 * SECOND)
    await signedIn
    await untilWarned(session)
    await press('x')
    await pass(2 * SECOND)
    expect(session.getSnapshot().phase).toBe('active')
  })

  it.each(['Enter', 'Escape', 'x'])(
    'a key that closes the dialog as activity does not reach the page: %s',
    async (key) => {
      const session = await page.start({ activityDuringWarning: 'extend' })
      // The session listens to input before the dialog does.
      await shown(session)
      await pass(MOMENT)
      const heard = listen('keydown')
      const event = byHand('keydown', part('stay'), { key })
      await settle()
      expect([isOpen(), session.getSnapshot().phase, heard]).toEqual([false, 'active', []])
      expect(event.defaultPrevented).toBe(key !== 'x')
    },
  )

  it.each(['Enter', ' ', 'Escape'])(
    'the rest of a press that closed the dialog is hidden from the page: %s',
    async (key) => {
      const field = document.body.appendChild(document.createElement('button'))
      const session = await page.start({ activityDuringWarning: 'extend' })
      await shown(session)
      await pass(MOMENT)
      const heard = listen('keydown', 'keyup')
      byHand('keydown', part('stay'), { key })
      expect(isOpen()).toBe(false)
      for (let time = 0; time < 3; time++) {
        // The longest that a system waits before it repeats a key.
        await pass(2 * SECOND)
        expect(byHand('keydown', field, { key, repeat: true }).defaultPrevented).toBe(true)
      }
      expect(byHand('keyup', field, { key }).defaultPrevented).toBe(true)
      expect(heard).toEqual([])
      // The next press is the page's.
      await press(key, field)
      expect(heard).toHaveLength(8)
    },
  )

  it('the rest of a tap that closed the dialog is hidden from the page, and what comes later is not', async () => {
    const field = document.body.appendChild(document.createElement('button'))
    const session = await page.start({ activityDuringWarning: 'extend' })
    await shown(session)
    await pass(MOMENT)
    const heard = listen('mousedown', 'mouseup', 'click')
    byHand('pointerdown')
    byHand('touchstart')
    expect(isOpen()).toBe(false)
    byHand('pointerup')
    byHand('touchend')
    for (const type of ['mousedown', 'mouseup', 'click']) expect(byHand(type, field).defaultPrevented).toBe(true)
    expect(heard).toEqual([])
    // A click of a screen reader has no press before it.
    field.click()
    expect(heard).toHaveLength(4)
    await pass(MOMENT)
    byHand('click', field)
    expect(heard).toHaveLength(8)
  })

  it('a page around a dialog gets all input again after the undo', async () => {
    const undo = warningDialog(page.session)
    await untilWarned(page.session)
    const heard = listen('keydown')
    undo()
    await press('Enter', document.body)
    expect(heard).toHaveLength(4)
  })
})

describe('a dialog that is not seen', () => {
  /** What lies where the dialog and its button would be hit; null for the dialog itself. */
  let above: Element | null = null
  /** Whether an element takes room. */
  let isDrawn: (element: Element) => boolean = () => true

  /** The little that is asked of a layout, which happy-dom does not have. */
  function withLayout(): void {
    above = null
    isDrawn = () => true
    Object.defineProperty(document.documentElement, 'clientWidth', { configurable: true, value: 1280 })
    vi.spyOn(Element.prototype, 'getBoundingClientRect').mockImplementation(function (this: Element) {
      const width = isDrawn(this) ? 100 : 0
      return { left: 0, right: width, top: 0, bottom: 100, width, height: 100 } as DOMRect
    })
    document.elementFromPoint = () => above ?? host()
    ShadowRoot.prototype.elementFromPoint = function (this: ShadowRoot) {
      return above ? null : this.querySelector('#stay')
    }
    undos.push(() => {
      Reflect.deleteProperty(document.documentElement, 'clientWidth')
      Reflect.deleteProperty(document, 'elementFromPoint')
      Reflect.deleteProperty(ShadowRoot.prototype, 'elementFromPoint')
    })
  }
  const showModal = (): Mock => vi.spyOn(HTMLDialogElement.prototype, 'showModal')

  it('a dialog stays in a container where it is visible, and opens once', async () => {
    withLayout()
    const opened = showModal()
    const container = document.body.appendChild(document.createElement('section'))
    await shown(page.session, { container })
    await pass(5 * SECOND)
    expect(host().parentElement).toBe(container)
    expect(opened).toHaveBeenCalledOnce()
  })

  it('a dialog moves from a container that is not rendered into the body, and returns the focus', async () => {
    withLayout()
    const field = document.body.appendChild(document.createElement('input'))
    field.focus()
    const container = document.body.appendChild(document.createElement('section'))
    isDrawn = (element) =>
      host().parentElement !== container || !host().contains((element.getRootNode() as ShadowRoot).host)
    await shown(page.session, { container })
    expect(host().parentElement).toBe(document.body)
    part('stay').click()
    await settle()
    expect(document.activeElement).toBe(field)
    // The next one is looked for where it belongs.
    isDrawn = () => true
    await untilWarned(page.session)
    expect(host().parentElement).toBe(container)
  })

  it('a dialog moves out of a container that is in no document', async () => {
    await shown(page.session, { container: document.createElement('section') })
    expect(host().parentElement).toBe(document.body)
  })

  it('a dialog moves out of a part of the page that is hidden from assistive technology', async () => {
    const container = document.body.appendChild(document.createElement('section'))
    container.setAttribute('aria-hidden', 'true')
    await shown(page.session, { container })
    expect(host().parentElement).toBe(document.body)
  })

  it('a dialog moves out of a shadow tree that is hidden from assistive technology', async () => {
    const outer = document.body.appendChild(document.createElement('section'))
    const root = outer
      .attachShadow({ mode: 'open' })
      .appendChild(document.createElement('div'))
      .attachShadow({ mode: 'open' })
    const container = root.appendChild(document.createElement('div'))
    undos.push(warningDialog(page.session, { container }))
    await untilWarned(page.session)
    expect(container.firstElementChild?.className).toBe('sojourn-dialog')
    // As by a library that shows a modal of its own.
    outer.setAttribute('aria-hidden', 'true')
    await pass(SECOND)
    expect(host().parentElement).toBe(document.body)
    expect(isOpen()).toBe(true)
  })

  it('a dialog loses the attributes of a library that hides everything beside its own modal', async () => {
    await shown()
    host().setAttribute('aria-hidden', 'true')
    host().setAttribute('inert', '')
    await pass(SECOND)
    expect(host().hasAttribute('aria-hidden')).toBe(false)
    expect(host().hasAttribute('inert')).toBe(false)
    expect(isOpen()).toBe(true)
  })

  it('a dialog is on top again a second after something covered it, which is no answer', async () => {
    withLayout()
    const opened = showModal()
    await shown()
    above = document.body
    opened.mockImplementationOnce(function (this: HTMLDialogElement) {
      this.open = true
      above = null
    })
    await pass(SECOND)
    expect(opened).toHaveBeenCalledTimes(2)
    expect(isOpen()).toBe(true)
    expect(page.session.getSnapshot().phase).toBe('warning')
    await press('Enter')
    expect(page.session.getSnapshot().phase).toBe('warning')
  })

  describe('under a popover or a full-screen element', () => {
    let overlays: Element[] = []
    const overlay = (left: number): Element => {
      const element = document.createElement('aside')
      element.getBoundingClientRect = () => ({ left, right: left + 50, top: 0, bottom: 50 }) as DOMRect
      return element
    }
    let opened: Mock
    beforeEach(async () => {
      withLayout()
      overlays = [overlay(10)]
      Object.assign(document, { querySelectorAll: () => overlays })
      undos.push(() => Reflect.deleteProperty(document, 'querySelectorAll'))
      opened = showModal()
      await shown()
    })

    it('a dialog is above a popover or full-screen element from the beginning', async () => {
      await pass(3 * SECOND)
      expect(opened).toHaveBeenCalledTimes(1)
    })

    it('a dialog is above a popover or full-screen element again a second after that opened', async () => {
      overlays.push(overlay(60))
      await pass(3 * SECOND)
      expect(opened).toHaveBeenCalledTimes(2)
      expect(page.session.getSnapshot().phase).toBe('warning')
    })

    it('a dialog stays below an overlay that does not cover it', async () => {
      overlays.push(overlay(200))
      await pass(3 * SECOND)
      expect(opened).toHaveBeenCalledTimes(1)
    })

    it('a dialog is on top again if the same overlay closed and opened again', async () => {
      const [first] = overlays.splice(0)
      await pass(SECOND)
      overlays.push(first!)
      await pass(3 * SECOND)
      expect(opened).toHaveBeenCalledTimes(2)
    })
  })

  it('a dialog is not opened again each second if it is hidden everywhere', async () => {
    withLayout()
    above = document.body
    const opened = showModal()
    await shown()
    const tries = opened.mock.calls.length
    expect(host().parentElement).toBe(document.documentElement)
    await pass(5 * SECOND)
    expect(opened).toHaveBeenCalledTimes(tries)
  })

  it('a dialog stays below the dialog of another session', async () => {
    withLayout()
    const opened = showModal()
    await shown()
    above = document.createElement('div')
    above.className = 'sojourn-dialog'
    await pass(5 * SECOND)
    expect(opened).toHaveBeenCalledOnce()
  })
})
