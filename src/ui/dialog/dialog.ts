import type { Session } from '../../types.js'
import { dialogStyle } from './dialog-style.js'
import { activeElement, addElement } from '../dom.js'
import { createGuard } from './guard.js'
import { createPlace } from './place.js'
import { remainingSeconds, watchRemaining } from '../../countdown.js'
import { applyStyle } from '../shadow-style.js'
import { countInTitle } from './title-countdown.js'
import { durationFormat, english, type DialogTexts } from './texts.js'

export type { DialogTexts }

export interface DialogOptions {
  /** Words of your own; what you leave out is English. */
  texts?: Partial<DialogTexts>
  /** The language of your words, as a BCP 47 tag: lengths of time are said in it. @default 'en' */
  locale?: string
  /** @default document.body */
  container?: HTMLElement
  /** Counts down in the document's title while the tab is in the background. @default true */
  titleCountdown?: boolean
}

/**
 * Shows an accessible dialog in the warning phase, in every tab, and closes it in every tab with the first answer in any of
 * them. Escape means "stay". What the server must agree to, is waited for. Returns the undo.
 *
 * It follows the `color-scheme` of your page. Restyle it by `--sojourn-background`, `-color`, `-accent`, `-on-accent` and
 * `-radius`, or by its parts: `.sojourn-dialog::part(stay)`; the others are `dialog`, `title`, `message`, `problem`,
 * `buttons` and `sign-out`.
 *
 * WCAG 2.2: 2.2.1, 4.1.3. For what is left to the application see docs/accessibility.md.
 *
 * @throws RangeError for a `locale` that is no BCP 47 tag.
 *
 * @example A warning in German
 * ```ts
 * warningDialog(session, {
 *   locale: 'de',
 *   texts: {
 *     title: 'Sind Sie noch da?',
 *     message: (remaining) => `In ${remaining} werden Sie abgemeldet.`,
 *     stay: 'Angemeldet bleiben',
 *     signOut: 'Abmelden',
 *   },
 * })
 * ```
 */
export function warningDialog(session: Session, options: DialogOptions = {}): () => void {
  if (typeof document === 'undefined') return () => undefined
  const texts = { ...english, ...options.texts }
  const locale = options.locale ?? 'en'
  const formatDuration = durationFormat(locale)

  const host = document.createElement('div')
  host.className = 'sojourn-dialog'
  const root = host.attachShadow({ mode: 'open' })
  const dialog = addElement(root, 'dialog', 'dialog', 'alertdialog')
  dialog.setAttribute('aria-labelledby', 'title')
  dialog.setAttribute('aria-describedby', 'status')
  dialog.lang = locale
  // By its own words, whatever the page around it reads.
  dialog.dir = 'auto'
  addElement(dialog, 'h2', 'title').textContent = texts.title
  /** For the eye: each second. */
  const message = addElement(dialog, 'p', 'message')
  message.setAttribute('aria-hidden', 'true')
  /** For the ear, at coarse marks. All outside of an open dialog is inert; what appears together with its words is not heard. */
  const status = addElement(dialog, 'p', 'status', 'status')
  const problem = addElement(dialog, 'p', 'problem', 'alert')
  const buttons = addElement(dialog, 'div', 'buttons')
  const stay = addElement(buttons, 'button', 'stay')
  const signOut = addElement(buttons, 'button', 'sign-out')
  signOut.textContent = texts.signOut
  applyStyle(root, dialogStyle)

  /** The end that a person has seen and cannot move: it is not shown twice. */
  let dismissedEndAt = 0
  /** The last mark at which time was spoken of. */
  let announcedMark = 0
  let isAnswering = false
  let focusedBefore: HTMLElement | null = null
  let isRemoved = false

  const guard = createGuard(session, host, dialog, (event, path) => {
    if ((event as KeyboardEvent).key === 'Escape' || path.includes(stay)) void answer(event)
    else if (path.includes(signOut)) void session.signOut()
  })
  const { container = document.body } = options
  const place = createPlace(host, dialog, container)

  const close = (): void => {
    announcedMark = 0
    // jsdom has no modal dialogs, and a test of something else is to work there.
    if (dialog.open) dialog.close()
    // Chromium does not bring it back into a frame, and nobody does where the dialog had to be opened twice.
    if (activeElement() !== focusedBefore) focusedBefore?.focus({ preventScroll: true })
    focusedBefore = null
  }
  const show = (): void => {
    const snapshot = session.getSnapshot()
    const seconds = remainingSeconds(session)
    // A page that wakes past the end may not know yet that it is over.
    if (snapshot.phase !== 'warning' || !seconds || (!snapshot.canExtend && snapshot.endAt === dismissedEndAt)) {
      close()
      return
    }
    const { canExtend } = snapshot
    message.textContent = (canExtend ? texts.message : texts.cannotExtend)(formatDuration(seconds))
    stay.textContent = canExtend ? texts.stay : texts.dismiss
    // At once, then at each full minute, then every 20 s: not so often that nothing else can be heard.
    const step = seconds > 60 ? 60 : 20
    const mark = Math.ceil(seconds / step) * step
    if (mark !== announcedMark) status.textContent = message.textContent
    announcedMark = mark
    if (dialog.open && place.isSeen()) return
    if (!dialog.open) problem.textContent = ''
    const active = activeElement()
    if (!dialog.contains(active)) focusedBefore = active
    place.open()
    stay.focus()
    guard.restart()
  }

  const answer = async (event: Event): Promise<void> => {
    event.preventDefault()
    const snapshot = session.getSnapshot()
    if (isAnswering || snapshot.phase !== 'warning') return
    // Where the browser has closed it, it is opened again.
    if (guard.isEarly(event)) {
      show()
      return
    }
    isAnswering = true
    if (snapshot.canExtend) {
      problem.textContent = ''
      // Not `disabled`, which takes the focus away.
      stay.setAttribute('aria-disabled', 'true')
      if (!(await session.extend())) problem.textContent = texts.notReached
      stay.removeAttribute('aria-disabled')
    } else dismissedEndAt = snapshot.endAt
    if (isRemoved) return
    isAnswering = false
    show()
  }

  dialog.oncancel = answer
  // Chromium closes it at the second Escape without asking. The event comes late: the dialog may be open again, anew.
  dialog.onclose = (event) => dialog.open || answer(event)
  const undos = [session.subscribe(show), watchRemaining(session, show)]
  if (options.titleCountdown !== false) undos.push(countInTitle(session, texts.title))
  // Before it speaks: a live region that is new is not heard.
  container.append(host)
  show()
  return () => {
    isRemoved = isAnswering = true
    for (const undo of undos) undo()
    guard.stop()
    close()
    host.remove()
  }
}
