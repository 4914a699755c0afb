import type { Session } from '../../types.js'

/** Events by which a page closes its own dialog at a click outside, moves the focus back, opens a menu, or prevents an answer. */
const EVENT_TYPES =
  'pointerdown pointerup mousedown mouseup click dblclick auxclick contextmenu touchstart touchmove touchend wheel keydown keyup keypress focus focusin visibilitychange'

/**
 * Ms without a key or pointer press before the user can answer. Browsers delay their own prompts in the same way, and start the
 * delay again after an early press: Firefox by `security.notification_enable_delay`, Chromium by `InputEventActivationProtector`.
 */
const PAUSE = 750

export interface Guard {
  /** Call it when the dialog has just been shown: a user who is typing or clicking has not seen it yet. */
  readonly restart: () => void
  /** Whether an event comes too early to be an answer. An event of a script never does. */
  readonly isEarly: (event: Event) => boolean
  readonly stop: () => void
}

/**
 * Hides all input in an open dialog from the page around it, and calls `answer` for a click and for the release of Enter, Space or
 * Escape. It listens on the window in the capture phase: only a listener that the page added there earlier is called first.
 */
export function createGuard(
  session: Session,
  host: Element,
  dialog: HTMLDialogElement,
  answer: (event: Event, path: readonly EventTarget[]) => void,
): Guard {
  const abort = new AbortController()
  let readyAt = 0
  /** Whether a key or button is down that was pressed outside of the dialog, or too early. */
  let isHeld = false
  /** Until when what comes belongs to a press that began in the dialog, which may have closed it. A system repeats a key after 2 s at most. */
  let ownUntil = 0

  const startPause = (from: number): void => {
    readyAt = Math.max(readyAt, from + PAUSE)
  }
  const isEarly: Guard['isEarly'] = ({ isTrusted, timeStamp }) => isTrusted && timeStamp < readyAt

  const onEvent = (event: Event): void => {
    const { type, key, repeat, isTrusted, timeStamp } = event as KeyboardEvent
    const path = event.composedPath()
    // If no element has the focus, the target of a key is the body. Where activity is an answer, the session may have heard of this very
    // event before, and closed the dialog.
    const isInDialog = path.includes(host) || (dialog.open && key && path[0] === document.body)
    const isDown = type.endsWith('down')
    // A `mousedown` follows a `pointerdown`; after a tap the browser looks anew for what lies there.
    const isOwn = isDown && !repeat && type !== 'mousedown' ? isInDialog : timeStamp < ownUntil
    const isRest = isTrusted && isOwn && !isInDialog && /^[ckmp]/.test(type)
    if (isTrusted && (isDown || /(up|end)$/.test(type))) {
      ownUntil = isOwn ? timeStamp + PAUSE * (isDown ? 3 : 1) : 0
      if (isDown) isHeld = !isInDialog || repeat || isEarly(event)
      if (isHeld) startPause(timeStamp)
      isHeld &&= isDown
    }
    // The user of a hidden tab sees the dialog only after they return.
    if (type === 'visibilitychange') startPause(timeStamp)
    if (!isInDialog && !isRest) return
    event.stopImmediatePropagation()
    // The session listens on the window too, perhaps after this listener, which stops the event.
    if (isTrusted && isDown) session.touch()
    const isAnswer = /^(Enter|Escape| )$/.test(key)
    // A listener of the page may have prevented the browser's click or cancel for this key. So the key is answered here, and the
    // browser's own action is prevented, or there would be two answers.
    if (isRest || isAnswer || (key && isEarly(event))) event.preventDefault()
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
