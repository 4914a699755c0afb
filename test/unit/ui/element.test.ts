// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { defineSessionWarning, type SessionWarningElement } from '../../../src/ui/element.js'
import { hide, pass, settle, untilWarned, usePage } from './page.js'

const page = usePage()

/** A name is defined once in a document. */
let names = 0
const newName = (): string => `session-warning-${++names}`

function put(name: string, attributes: Record<string, string> = {}): SessionWarningElement {
  const element = document.createElement(name) as SessionWarningElement
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
  document.body.append(element)
  return element
}

const part = (element: Element, name: string): HTMLElement | null | undefined =>
  element.querySelector('.sojourn-dialog')?.shadowRoot?.querySelector<HTMLElement>(`#${name}`)
const isOpen = (element: Element): boolean => (part(element, 'dialog') as HTMLDialogElement | null)?.open ?? false

it('the element warns of the session that it was defined with, and is answered like the dialog', async () => {
  const name = newName()
  defineSessionWarning(page.session, name)
  const element = put(name)
  expect(isOpen(element)).toBe(false)
  await untilWarned(page.session)
  expect(isOpen(element)).toBe(true)
  part(element, 'stay')!.click()
  await settle()
  expect(page.session.getSnapshot().phase).toBe('active')
  expect(isOpen(element)).toBe(false)
})

it('the element shows the texts of its attributes, and new ones when they change', async () => {
  const name = newName()
  defineSessionWarning(page.session, name)
  const element = put(name, {
    heading: 'Sind Sie noch da?',
    message: 'In {remaining} werden Sie abgemeldet.',
    'sign-out': 'Abmelden',
    locale: 'de',
  })
  await untilWarned(page.session)
  expect(part(element, 'title')!.textContent).toBe('Sind Sie noch da?')
  expect(part(element, 'message')!.textContent).toBe('In 2 Minuten werden Sie abgemeldet.')
  expect(part(element, 'stay')!.textContent).toBe('Stay signed in')
  element.setAttribute('stay', 'Ja')
  expect(part(element, 'stay')!.textContent).toBe('Ja')
  expect(isOpen(element)).toBe(true)
  expect(element.children).toHaveLength(1)
})

it('the element keeps its open dialog where a framework sets again what is set', async () => {
  const name = newName()
  defineSessionWarning(page.session, name)
  const element = put(name, { stay: 'Weiter' })
  await untilWarned(page.session)
  const open = part(element, 'dialog')
  element.setAttribute('stay', 'Weiter')
  element.session = page.session
  expect(part(element, 'dialog') === open).toBe(true)
})

it('the element has other texts for an end that cannot be extended', async () => {
  const name = newName()
  const session = await page.start({ idleTimeout: false, absoluteTimeout: '15m' })
  defineSessionWarning(session, name)
  const element = put(name, { 'cannot-extend': 'Over in {remaining}.', dismiss: 'I know' })
  await untilWarned(session)
  expect(part(element, 'message')!.textContent).toBe('Over in 2 minutes.')
  expect(part(element, 'stay')!.textContent).toBe('I know')
})

it('the element’s dialog goes and comes back with the element', async () => {
  const name = newName()
  defineSessionWarning(page.session, name)
  const element = put(name)
  await untilWarned(page.session)
  element.remove()
  expect(element.children).toHaveLength(0)
  document.body.append(element)
  expect(isOpen(element)).toBe(true)
})

it('the element counts down in the title of a hidden page, unless an attribute forbids it', async () => {
  const name = newName()
  defineSessionWarning(page.session, name)
  document.title = 'Claim'
  const element = put(name, { 'no-title-countdown': '' })
  await untilWarned(page.session)
  hide(true)
  await pass(1000)
  expect(document.title).toBe('Claim')
  element.removeAttribute('no-title-countdown')
  expect(document.title).toMatch(/^1:5\d · /)
  element.remove()
  expect(document.title).toBe('Claim')
})

it('the element takes another session, set before or after the definition', async () => {
  const name = newName()
  const early = put(name)
  early.session = page.session
  defineSessionWarning(undefined, name)
  expect(early.session).toBe(page.session)
  const late = put(name)
  expect(late.session).toBeUndefined()
  await untilWarned(page.session)
  expect([isOpen(early), isOpen(late)]).toEqual([true, false])
  late.session = page.session
  expect(isOpen(late)).toBe(true)
  late.session = undefined
  expect(late.children).toHaveLength(0)
})

it('the element is defined once: a second definition of the name changes nothing', async () => {
  const name = newName()
  defineSessionWarning(page.session, name)
  const other = await page.start({ idleTimeout: '60m' })
  defineSessionWarning(other, name)
  expect(put(name).session).toBe(page.session)
})
