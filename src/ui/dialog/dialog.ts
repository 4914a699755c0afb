import type { Session, Snapshot } from '../../types.js'
import { dialogStyle } from './dialog-style.js'
import { activeElement, addElement } from '../dom.js'
import { createGuard } from './guard.js'
import { createPlace } from './place.js'
import { remainingSeconds, watchRemaining } from '../../countdown.js'
import { checkOptions, checkSession } from '../../util/arguments.js'
import { DEVELOPMENT } from '../../util/development.js'
import { report } from '../../util/report.js'
import { applyStyle } from '../shadow-style.js'
import { countInTitle } from './title-countdown.js'
import { durationFormat, english, type DialogTexts } from './texts.js'

export type { DialogTexts }

export interface DialogOptions {
  /** Your texts. Each one that you leave out is English. */
  texts?: Partial<DialogTexts>
  /** The language of your texts, as a BCP 47 tag. Lengths of time are written in it. @default 'en' */
  locale?: string
  /** Where the dialog is put. If it cannot be seen there, it goes into the body. @default document.body */
  container?: HTMLElement
  /** Shows the countdown in the document's title while the tab is in the background. @default true */
  titleCountdown?: boolean
}

type Warning = Extract<Snapshot, { phase: 'warning' }>

/** The warning of each session object that its user has dismissed, because the end cannot be extended: it is not shown again. */
const dismissed = /* @__PURE__ */ new WeakMap<Session, Warning>()
/** By how much an end moves that stays the same, ms: servers tell it in whole seconds, and answer sooner or later. */
const SAME_END = 5e3

const isDismissed = (session: Session, { id, endAt, canExtend }: Warning): boolean => {
  const last = dismissed.get(session)
  return !canExtend && last?.id === id && Math.abs(last.endAt - endAt) < SAME_END
}

/** The texts that are there: what a translation lacks stays English. https://github.com/gl-inet/glkvm-cloud/issues/39 */
const present = (texts: Partial<DialogTexts> | undefined): Partial<DialogTexts> =>
  Object.fromEntries(
    Object.entries(texts ?? {}).filter(([key, text]) => typeof text === typeof english[key as keyof DialogTexts]),
  )

/** The application may have wrapped the session, and ask a server of its own first. */
async function extend(session: Session): Promise<boolean> {
  try {
    return await session.extend()
  } catch (error) {
    report(error)
    return false
  }
}

/**
 * Shows an accessible dialog in every tab during the warning phase. The first answer in any tab closes it in all of them. Escape
 * means "stay". If the server has to agree, the dialog stays open until it has. Returns the undo.
 *
 * It follows the `color-scheme` of your page. Style it by `--sojourn-background`, `-color`, `-accent`, `-on-accent` and `-radius`,
 * or by its parts, such as `.sojourn-dialog::part(stay)`; the other parts are `dialog`, `title`, `message`, `problem`, `buttons`
 * and `sign-out`.
 *
 * WCAG 2.2: 2.2.1, 4.1.3. docs/accessibility.md lists what the application itself has to do.
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
  if (DEVELOPMENT) {
    checkSession('warningDialog', session)
    checkOptions('warningDialog', options, {
      texts: 'object',
      locale: 'string',
      container: 'object',
      titleCountdown: 'boolean',
    })
  }
  if (typeof document === 'undefined') return () => undefined
  const texts = { ...english, ...present(options.texts) }
  // Many servers and translation libraries write `de_DE`, which Intl refuses, and screen readers do not know.
  const locale = (options.locale || 'en').replace(/_/g, '-')
  const formatDuration = durationFormat(locale)

  const host = document.createElement('div')
  host.className = 'sojourn-dialog'
  const root = host.attachShadow({ mode: 'open' })
  const dialog = addElement(root, 'dialog', 'dialog', 'alertdialog')
  dialog.setAttribute('aria-labelledby', 'title')
  dialog.setAttribute('aria-describedby', 'status')
  dialog.lang = locale
  // The direction follows the texts, and not that of the page.
  dialog.dir = 'auto'
  addElement(dialog, 'h2', 'title').textContent = texts.title
  /** For sighted users: it changes each second. */
  const message = addElement(dialog, 'p', 'message')
  message.setAttribute('aria-hidden', 'true')
  /**
   * For screen readers: it changes at coarse marks. It stands inside the dialog, because everything outside of an open modal dialog
   * is inert, and is there before its text, because screen readers do not announce a live region that appears with its text.
   */
  const status = addElement(dialog, 'p', 'status', 'status')
  const problem = addElement(dialog, 'p', 'problem', 'alert')
  const buttons = addElement(dialog, 'div', 'buttons')
  const stay = addElement(buttons, 'button', 'stay')
  const signOut = addElement(buttons, 'button', 'sign-out')
  signOut.textContent = texts.signOut
  applyStyle(root, dialogStyle)

  /** The last mark that was announced, in seconds, after the kind of the text. */
  let announcedMark = ''
  let isAnswering = false
  let focusedBefore: HTMLElement | null = null
  let isRemoved = false

  const guard = createGuard(session, host, dialog, (event, path) => {
    if ((event as KeyboardEvent).key === 'Escape' || path.includes(stay)) void answer(event)
    else if (path.includes(signOut)) void session.signOut()
  })
  const container = options.container ?? document.body
  const place = createPlace(host, dialog, container)

  const close = (): void => {
    announcedMark = ''
    // jsdom has no modal dialogs and no `close()`: without this check, tests of other things would fail there.
    if (dialog.open) dialog.close()
    // Chromium does not return the focus into a frame, and no browser does after the dialog had to be opened twice.
    if (activeElement() !== focusedBefore) focusedBefore?.focus({ preventScroll: true })
    focusedBefore = null
  }
  const show = (): void => {
    const snapshot = session.getSnapshot()
    const seconds = remainingSeconds(session)
    // The page may wake past the end before the session has ended: then there are no seconds left.
    if (snapshot.phase !== 'warning' || !seconds || isDismissed(session, snapshot)) {
      close()
      return
    }
    const { canExtend } = snapshot
    const kind = canExtend ? 'message' : 'cannotExtend'
    const remaining = formatDuration(seconds)
    try {
      message.textContent = texts[kind](remaining)
    } catch (error) {
      // A translation that throws must not keep the warning from the user: https://github.com/rancher/rancher/issues/7378
      report(error)
      texts[kind] = (left) => english[kind](left)
      message.textContent = english[kind](remaining)
    }
    stay.textContent = canExtend ? texts.stay : texts.dismiss
    // Announced at once, then at each full minute, then every 20 s: more often it would drown all other speech.
    const step = seconds > 60 ? 60 : 20
    const mark = `${kind}${Math.ceil(seconds / step) * step}`
    if (mark !== announcedMark) status.textContent = message.textContent
    // "Stay" became "OK" under a user who may be pressing it a second time: the pause begins anew, as for a dialog that opens.
    const isOther = !announcedMark.startsWith(kind)
    announcedMark = mark
    if (dialog.open && place.isSeen()) {
      if (isOther) guard.restart()
      return
    }
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
    // Too early to be an answer. If the browser has closed the dialog for it, `show` opens it again.
    if (guard.isEarly(event)) {
      show()
      return
    }
    isAnswering = true
    if (snapshot.canExtend) {
      problem.textContent = ''
      // Not `disabled`: that would remove the focus.
      stay.setAttribute('aria-disabled', 'true')
      if (!(await extend(session))) problem.textContent = texts.notReached
      stay.removeAttribute('aria-disabled')
    } else dismissed.set(session, snapshot)
    if (isRemoved) return
    isAnswering = false
    show()
  }

  dialog.oncancel = answer
  // Chromium closes a dialog at the second Escape without a `cancel` event. `close` comes later: a new warning may be open by then.
  dialog.onclose = (event) => dialog.open || answer(event)
  const undos = [session.subscribe(show), watchRemaining(session, show)]
  if (options.titleCountdown !== false) undos.push(countInTitle(session, texts.title))
  // Before the first text: screen readers do not announce a live region that appears with its text.
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
