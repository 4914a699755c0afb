/** An application with a form, and the warning dialog over it. */
import { createSession, memoryTokens } from 'sojourn'
import { warningDialog, type DialogOptions, type DialogTexts } from 'sojourn/dialog'
import { oauth } from 'sojourn/oauth'
import { customServer } from 'sojourn/server'
import { installHarness } from './harness.js'

/** What can be said in a URL, as `&dialog=…`. */
export interface DialogConfig {
  /** `{remaining}` stands for the length of time. */
  texts?: Partial<Record<keyof DialogTexts, string>>
  locale?: string
  titleCountdown?: boolean
  /** Of the document. */
  lang?: string
  dir?: 'ltr' | 'rtl'
  colorScheme?: string
  /** As in browsers before they had them. */
  withoutConstructedSheets?: boolean
  /** Of the page. */
  css?: string
  container?: keyof typeof containers
}

/** Where an application may put the dialog without thinking of what becomes of it there. */
const containers = {
  plain: () => box('div'),
  /** A part of the page that is not shown now. */
  hidden: () => box('div', 'display: none'),
  invisible: () => box('div', 'visibility: hidden'),
  transparent: () => box('div', 'opacity: 0; transform: scale(0); filter: blur(9px); overflow: clip; contain: strict'),
  skipped: () => box('div', 'content-visibility: hidden'),
  details: () => {
    const details = box('details')
    details.append(document.createElement('summary'))
    return details.appendChild(document.createElement('div'))
  },
  'closed dialog': () => box('dialog'),
  /** Taken out of the page by a framework. */
  detached: () => document.createElement('div'),
  inert: () => Object.assign(box('div'), { inert: true }),
  /** As libraries mark what lies beside a modal of theirs. */
  'aria-hidden': () => Object.assign(box('div'), { ariaHidden: 'true' }),
  'in a shadow tree': () => {
    const root = box('div').attachShadow({ mode: 'open' })
    return root.appendChild(document.createElement('div'))
  },
} as const

function box(tag: string, style = ''): HTMLElement {
  const element = document.body.appendChild(document.createElement(tag))
  element.style.cssText = style
  return element
}

declare global {
  interface Window {
    undoDialog: () => void
    /** All texts of the live region, one entry per change. */
    said: string[]
  }
}

const config = JSON.parse(new URL(location.href).searchParams.get('dialog') ?? '{}') as DialogConfig
const { documentElement } = document
documentElement.lang = config.lang ?? 'en'
documentElement.dir = config.dir ?? 'ltr'
documentElement.style.colorScheme = config.colorScheme ?? 'light dark'
if (config.css) {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(config.css)
  document.adoptedStyleSheets.push(sheet)
}
if (config.withoutConstructedSheets) Reflect.deleteProperty(window, 'CSSStyleSheet')

const shadow = document.querySelector('#shadow')?.attachShadow({ mode: 'open' })
const inner = document.createElement('input')
inner.id = 'inner'
inner.setAttribute('aria-label', 'In a shadow tree')
shadow?.append(inner)

function textsOf(words: DialogConfig['texts'] = {}): Partial<DialogTexts> {
  const texts: Record<string, unknown> = {}
  for (const [key, text] of Object.entries(words))
    texts[key] =
      key === 'message' || key === 'cannotExtend' ? (remaining: string) => text.replace('{remaining}', remaining) : text
  return texts
}

installHarness({ createSession, memoryTokens, oauth, customServer })
const options: DialogOptions = {
  ...(config.texts && { texts: textsOf(config.texts) }),
  ...(config.locale && { locale: config.locale }),
  ...(config.container && { container: containers[config.container]() }),
  ...(config.titleCountdown === false && { titleCountdown: false }),
}
window.undoDialog = warningDialog(window.harness.session, options)

window.said = []
const region = document.querySelector('.sojourn-dialog')?.shadowRoot?.querySelector('[role=status]')
if (region)
  new MutationObserver((mutations) => {
    for (const { addedNodes } of mutations) if (addedNodes.length > 0) window.said.push(region.textContent)
  }).observe(region, { childList: true, characterData: true, subtree: true })
