import type { Session } from '../../types.js'

/** By these a page learns of a click outside of its own dialog, takes the focus back, shows a menu of its own, or stops an answer. */
const EVENT_TYPES =
  'pointerdown pointerup mousedown mouseup click dblclick auxclick contextmenu touchstart touchmove touchend wheel keydown keyup keypress focus focusin visibilitychange'

/**
 * Ms in which nothing is pressed, before a person can answer. Browsers wait like this with prompts of their own, and wait anew
 * after what comes too early: Firefox by `security.notification_enable_delay`, Chromium in its `InputEventActivationProtector`.
 */
const PAUSE = 750

export interface Guard {
  /** The dialog has just been shown: a person who is in the middle of something has not seen it yet. */
  readonly restart: () => void
  /** Whether an event comes too early to be an answer. A script needs no time to read. */
  readonly isEarly: (event: Event) => boolean
  readonly stop: () => void
}

/**
 * Keeps what a person does in an open dialog from the page around it, and calls `answer` for a click, and for the release of
 * Enter, Space and Escape. On the window, while it captures: only a listener that the page had there before comes first.
 */
export function createGuard(
  session: Session,
  host: Element,
  dialog: HTMLDialogElement,
  answer: (event: Event, path: readonly EventTarget[]) => void,
): Guard {
  const abort = new AbortController()
  let readyAt = 0
  /** Whether something is down that was pressed elsewhere, or too early. */
  let isHeld = false

  const startPause = (from: number): void => {
    readyAt = Math.max(readyAt, from + PAUSE)
  }
  const isEarly: Guard['isEarly'] = ({ isTrusted, timeStamp }) => isTrusted && timeStamp < readyAt

  const onEvent = (event: Event): void => {
    const { type, key, repeat, isTrusted, timeStamp } = event as KeyboardEvent
    const path = dialog.open ? event.composedPath() : []
    // A key goes to the body where nothing has the focus.
    const isInDialog = path.includes(host) || (key && path[0] === document.body)
    const isDown = type.endsWith('down')
    if (isTrusted && (isDown || type.endsWith('up'))) {
      if (isDown) isHeld = !isInDialog || repeat || isEarly(event)
      if (isHeld) startPause(timeStamp)
      isHeld &&= isDown
    }
    // Nobody sees the dialog in a hidden tab before they come back.
    if (type === 'visibilitychange') startPause(timeStamp)
    if (!isInDialog) return
    event.stopImmediatePropagation()
    // The session listens on the window too, perhaps after us.
    if (isTrusted && isDown) session.touch()
    const isAnswer = /^(Enter|Escape| )$/.test(key)
    // Another listener may have forbidden what the browser makes of a key, so it is made here, and not twice.
    if (isAnswer || (key && isEarly(event))) event.preventDefault()
    if ((type === 'click' || (isAnswer && type === 'keyup')) && !isEarly(event)) answer(event, path)
  }

  for (const type of EVENT_TYPES.split(' '))
    window.addEventListener(type, onEvent, { capture: true, passive: /^[tw]/.test(type), signal: abort.signal })
  return {
    restart() {
      startPause(performance.now())
    },
    isEarly,
    stop() {
      abort.abort()
    },
  }
}
