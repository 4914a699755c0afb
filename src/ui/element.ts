import type { Session } from '../types.js'
import { checkArgument, checkSession } from '../util/arguments.js'
import { DEVELOPMENT } from '../util/development.js'
import { warningDialog, type DialogOptions, type DialogTexts } from './dialog/dialog.js'

/** The attributes that set a text of the dialog. `{remaining}` in them stands for the length of time. */
const TEXT_ATTRIBUTES = {
  heading: 'title',
  message: 'message',
  stay: 'stay',
  'sign-out': 'signOut',
  'cannot-extend': 'cannotExtend',
  dismiss: 'dismiss',
  'not-reached': 'notReached',
} as const satisfies Record<string, keyof DialogTexts>

/** The element `<session-warning>`. */
export interface SessionWarningElement extends HTMLElement {
  /** The session whose warning the element shows, in place of the one that it was defined with. */
  session: Session | undefined
}

/**
 * Defines `<session-warning>`: the dialog of `sojourn/dialog` as an HTML element, active while the element is in the page.
 * Attributes: `heading`, `message`, `stay`, `sign-out`, `cannot-extend`, `dismiss`, `not-reached`, `locale`, and
 * `no-title-countdown`. A second definition of the same name has no effect, and neither has a call on a server.
 *
 * @example A warning in German, as an element
 * ```ts
 * defineSessionWarning(session)
 * // <session-warning locale="de" heading="Sind Sie noch da?" stay="Ja"
 * //   message="In {remaining} werden Sie abgemeldet."></session-warning>
 * ```
 */
export function defineSessionWarning(session?: Session, name = 'session-warning'): void {
  if (DEVELOPMENT) {
    if (session !== undefined) checkSession('defineSessionWarning', session)
    checkArgument(typeof name === 'string', 'defineSessionWarning: name', name, 'a text with a hyphen')
  }
  if (typeof customElements === 'undefined' || customElements.get(name)) return

  // eslint-disable-next-line no-restricted-syntax -- the platform takes a custom element as a class, and as nothing else
  class SessionWarning extends HTMLElement implements SessionWarningElement {
    static readonly observedAttributes = [...Object.keys(TEXT_ATTRIBUTES), 'locale', 'no-title-countdown']
    #session = session
    #undo = (): void => undefined

    get session(): Session | undefined {
      return this.#session
    }
    set session(value) {
      if (value === this.#session) return
      this.#session = value
      this.#start()
    }

    connectedCallback(): void {
      // A property set before the element was defined is an own property, which hides the accessor.
      if (Object.prototype.hasOwnProperty.call(this, 'session')) {
        const { session } = this
        Reflect.deleteProperty(this, 'session')
        this.#session = session
      }
      this.#start()
    }
    disconnectedCallback(): void {
      this.#undo()
    }
    attributeChangedCallback(_name: string, before: string | null, after: string | null): void {
      // A new dialog in place of an open one would take the focus, and lose an answer that is under way.
      if (before !== after) this.#start()
    }

    #start(): void {
      this.#undo()
      if (!this.isConnected || !this.#session) return
      const texts: Record<string, unknown> = {}
      for (const [attribute, key] of Object.entries(TEXT_ATTRIBUTES)) {
        const text = this.getAttribute(attribute)
        if (text === null) continue
        texts[key] =
          key === 'message' || key === 'cannotExtend'
            ? (remaining: string) => text.replace('{remaining}', remaining)
            : text
      }
      const locale = this.getAttribute('locale')
      const options: DialogOptions = {
        texts,
        container: this,
        titleCountdown: !this.hasAttribute('no-title-countdown'),
        ...(locale !== null && { locale }),
      }
      this.#undo = warningDialog(this.#session, options)
    }
  }
  customElements.define(name, SessionWarning)
}
