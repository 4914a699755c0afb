/** Modals of other libraries, with a user's work in a field: each closes at a click outside of it and at Escape. */
import { Dialog, DialogPanel, DialogTitle } from '@headlessui/react'
import * as Radix from '@radix-ui/react-dialog'
import { createFocusTrap } from 'focus-trap'
import { createElement, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'

export type ModalName = keyof typeof modals

declare global {
  interface Window {
    /** Opens a modal, and puts the focus into its field where the browser allows it. */
    openModal(name: ModalName): Promise<void>
    /** What has come into the top layer, in this order; the last lies on top. */
    topLayer: string[]
    /** What was pressed where the page could see it, since a modal was opened. */
    pageHeard: string[]
  }
}

const field = (): ReactNode => createElement('input', { id: 'work', 'aria-label': 'Work', defaultValue: 'unsaved' })

/** React puts it where it wants to; it is open until it wants to close. */
function mount(render: (close: () => void) => ReactNode): void {
  const root = createRoot(document.body.appendChild(document.createElement('div')))
  root.render(render(() => root.render(null)))
}

function box(tag: 'div' | 'dialog'): HTMLElement {
  const element = document.body.appendChild(document.createElement(tag))
  element.append(
    Object.assign(document.createElement('input'), { id: 'work', ariaLabel: 'Work', value: 'unsaved' }),
    Object.assign(document.createElement('button'), { textContent: 'Save' }),
  )
  return element
}

const modals = {
  /** `body { pointer-events: none }`, what lies beside it is hidden from assistive technology, outside clicks are seen on document. */
  radix() {
    mount((close) =>
      createElement(
        Radix.Root,
        { open: true, onOpenChange: close },
        createElement(
          Radix.Portal,
          null,
          createElement(Radix.Overlay, { style: { position: 'fixed', inset: 0, background: '#0008' } }),
          createElement(
            Radix.Content,
            {
              'aria-describedby': undefined,
              style: { position: 'fixed', inset: '4rem', background: 'Canvas', zIndex: 2147483647 },
            },
            createElement(Radix.Title, null, 'Radix'),
            field(),
          ),
        ),
      ),
    )
  },
  /** What lies beside it is inert, outside clicks and Escape are seen on document and window. */
  headless() {
    mount((close) =>
      createElement(
        Dialog,
        { open: true, onClose: close },
        createElement(
          DialogPanel,
          { style: { position: 'fixed', inset: '4rem', background: 'Canvas', zIndex: 2147483647 } },
          createElement(DialogTitle, null, 'HeadlessUI'),
          field(),
        ),
      ),
    )
  },
  /** Swallows each click outside, and takes the focus back. */
  trap() {
    const element = box('div')
    element.style.cssText = 'position: fixed; inset: 4rem; background: Canvas'
    createFocusTrap(element, { onDeactivate: () => element.remove() }).activate()
  },
  /** Closes at a click outside. */
  'open-trap'() {
    const element = box('div')
    element.style.cssText = 'position: fixed; inset: 4rem; background: Canvas'
    createFocusTrap(element, { clickOutsideDeactivates: true, onDeactivate: () => element.remove() }).activate()
  },
  native() {
    const element = box('dialog') as HTMLDialogElement
    element.onclose = () => element.remove()
    document.addEventListener('click', ({ target }) => {
      if (target instanceof Node && target.isConnected && !element.contains(target)) element.close()
    })
    element.showModal()
  },
  popover() {
    const element = box('div')
    element.popover = 'manual'
    element.style.cssText = 'inset: 0; width: auto; height: auto'
    element.showPopover()
    element.querySelector('input')!.focus()
  },
  /** A library that is thorough: nothing outside of it gets anything, on whatever it was pressed. */
  thorough() {
    const element = box('div')
    element.style.cssText = 'position: fixed; inset: 4rem; background: Canvas'
    const types = [
      'pointerdown',
      'mousedown',
      'mouseup',
      'click',
      'touchstart',
      'keydown',
      'keyup',
      'keypress',
      'focusin',
    ]
    for (const place of [document, window])
      for (const type of types)
        place.addEventListener(
          type,
          (event) => {
            if (element.contains(event.target as Node)) return
            event.preventDefault()
            event.stopImmediatePropagation()
            if (type === 'click' || (event as KeyboardEvent).key === 'Escape') element.remove()
          },
          true,
        )
    element.querySelector('input')!.focus()
  },
} as const

window.topLayer = []
for (const [type, name] of [
  [HTMLDialogElement, 'showModal'],
  [HTMLElement, 'showPopover'],
  [Element, 'requestFullscreen'],
] as const) {
  const own = Reflect.get(type.prototype, name) as (this: Element) => unknown
  Reflect.set(type.prototype, name, function (this: Element) {
    window.topLayer.push(`${name} ${this.id}`)
    return own.call(this)
  })
}
window.pageHeard = []
window.openModal = async (name) => {
  modals[name]()
  const work = (): HTMLElement | null => document.querySelector('#work')
  while (!work()) await new Promise((resolve) => setTimeout(resolve, 10))
  work()!.focus()
  for (const type of ['keydown', 'keyup', 'mousedown', 'click'])
    document.addEventListener(type, ({ target }) => {
      window.pageHeard.push(`${type} ${(target as Element).className}`)
    })
}
