// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSession } from '../../../src/index.js'
import type { Session } from '../../../src/types.js'
import { warningDialog as makeDialog, type DialogOptions } from '../../../src/ui/dialog/dialog.js'
import { createWorld } from '../session/world.js'
import { hide, MINUTE, pass, SECOND, settle, untilWarned, usePage } from './page.js'

const page = usePage()

/** A `close` event that comes after its test would put its dialog into the page of the next one. */
const undos: (() => void)[] = []
afterEach(() => {
  for (const undo of undos.splice(0)) undo()
})
const warningDialog: typeof makeDialog = (...what) => {
  const undo = makeDialog(...what)
  undos.push(undo)
  return undo
}

const host = (): Element | null => document.querySelector('.sojourn-dialog')
const part = (name: string): HTMLElement => host()!.shadowRoot!.querySelector<HTMLElement>(`#${name}`)!
const dialog = (): HTMLDialogElement => part('dialog') as HTMLDialogElement
const text = (name: string): string => part(name).textContent
const press = async (name: string): Promise<void> => {
  part(name).click()
  await settle()
}

/** Shows the dialog of a warning that has just begun. */
async function shown(session: Session = page.session, options?: DialogOptions): Promise<() => void> {
  const undo = warningDialog(session, options)
  await untilWarned(session)
  expect(dialog().open).toBe(true)
  return undo
}

/** What the live region says from now on, each time that it changes. */
function listen(): string[] {
  const said: string[] = []
  new MutationObserver(() => said.push(text('status'))).observe(part('status'), { childList: true, subtree: true })
  return said
}

it('asks nothing of a page without modal dialogs, as jsdom has it, while nobody is warned', () => {
  vi.spyOn(HTMLDialogElement.prototype, 'close').mockImplementation(() => {
    throw new TypeError('dialog.close is not a function')
  })
  expect(warningDialog(page.session)).not.toThrow()
})

describe('the dialog', () => {
  it('is there and closed while nobody is warned, and open from the warning to the end', async () => {
    warningDialog(page.session)
    expect(dialog().open).toBe(false)
    await untilWarned(page.session)
    expect(dialog().open).toBe(true)
    await pass(2 * MINUTE)
    expect(page.session.getSnapshot().phase).toBe('signedOut')
    expect(dialog().open).toBe(false)
  })

  it('is open at once where it is made in the middle of a warning', async () => {
    await untilWarned(page.session)
    warningDialog(page.session)
    expect(dialog().open).toBe(true)
  })

  it('says what it is, and what it is about', async () => {
    await shown()
    expect(dialog().getAttribute('role')).toBe('alertdialog')
    const named = (attribute: string): string =>
      host()!.shadowRoot!.getElementById(dialog().getAttribute(attribute)!)!.textContent
    expect(named('aria-labelledby')).toBe('You are about to be signed out')
    expect(named('aria-describedby')).toBe('You have not been active for a while. You will be signed out in 2 minutes.')
    expect([text('stay'), text('sign-out')]).toEqual(['Stay signed in', 'Sign out'])
  })

  it('is opened as a modal one, with the focus on "stay", and gives the focus back', async () => {
    const field = document.body.appendChild(document.createElement('input'))
    field.focus()
    const showModal = vi.spyOn(HTMLDialogElement.prototype, 'showModal')
    await shown()
    expect(showModal).toHaveBeenCalledOnce()
    expect(host()!.shadowRoot!.activeElement).toBe(part('stay'))
    await press('stay')
    expect(document.activeElement).toBe(field)
  })

  it('is not opened by a page that wakes past the end', async () => {
    const showModal = vi.spyOn(HTMLDialogElement.prototype, 'showModal')
    warningDialog(page.session)
    vi.setSystemTime(page.session.deadlines()!.endAt + MINUTE)
    window.dispatchEvent(new Event('focus'))
    await pass(MINUTE)
    expect(page.session.getSnapshot().phase).toBe('signedOut')
    expect(showModal).not.toHaveBeenCalled()
  })

  it('is not opened past the end either where the session has not noticed yet', async () => {
    await untilWarned(page.session)
    vi.setSystemTime(page.session.deadlines()!.endAt)
    warningDialog(page.session)
    expect(dialog().open).toBe(false)
  })

  it('moves into a new body that a framework puts in place of the old one', async () => {
    await shown()
    document.body.replaceChildren()
    await pass(SECOND)
    expect(dialog().open).toBe(true)
    expect(document.querySelectorAll('.sojourn-dialog')).toHaveLength(1)
  })

  it('lives in the container that it is given', async () => {
    const container = document.body.appendChild(document.createElement('section'))
    await shown(page.session, { container })
    expect(host()!.parentElement).toBe(container)
  })

  it('counts by the clock of a world of its own', async () => {
    vi.useRealTimers()
    const world = createWorld()
    const tab = await world.signedIn()
    warningDialog(tab.session)
    await world.advance(13 * MINUTE)
    expect(text('status')).toContain('2 minutes')
  })

  it('does nothing on a server', () => {
    vi.stubGlobal('document', undefined)
    const undo = warningDialog(createSession())
    undo()
    vi.unstubAllGlobals()
    expect(host()).toBeNull()
  })
})

describe('what is seen and what is said', () => {
  it('is seen each second, and said at once, at each full minute, and then every 20 seconds', async () => {
    await shown()
    expect(text('status')).toContain(' 2 minutes.')
    const said = listen()
    const seen = new Set([text('message')])
    for (let second = 1; second < 120; second++) {
      await pass(SECOND)
      seen.add(text('message'))
    }
    expect(seen.size).toBe(120)
    expect([...seen][30]).toContain(' 1 minute 30 seconds.')
    expect(said.map((words) => /in (.*)\./.exec(words)?.[1])).toEqual(['1 minute', '40 seconds', '20 seconds'])
    expect(part('message').getAttribute('aria-hidden')).toBe('true')
    expect(part('status').getAttribute('role')).toBe('status')
  })

  it('is each minute of a long warning', async () => {
    await shown(await page.start({ warnBefore: '5m' }))
    const said = listen()
    await pass(5 * MINUTE - 1)
    expect(said.map((words) => /in (.*)\./.exec(words)?.[1])).toEqual([
      ...['4 minutes', '3 minutes', '2 minutes', '1 minute'],
      ...['40 seconds', '20 seconds'],
    ])
  })

  it('is the time that really remains where the page comes back in between', async () => {
    await shown()
    hide(true)
    await pass(75 * SECOND)
    const said = listen()
    hide(false)
    await settle()
    expect(said).toEqual([expect.stringContaining(' 45 seconds.')])
  })

  it('begins anew with the next warning', async () => {
    await shown()
    await pass(90 * SECOND)
    await press('stay')
    await untilWarned(page.session)
    expect(text('status')).toContain(' 2 minutes.')
  })

  it('is in the words and the plurals of its locale', async () => {
    const texts = { title: 'Jesteś tam?', message: (remaining: string) => `Wylogujemy Cię za ${remaining}.` }
    await shown(page.session, { locale: 'pl', texts })
    expect(dialog().lang).toBe('pl')
    expect(dialog().getAttribute('dir')).toBe('auto')
    expect(text('title')).toBe('Jesteś tam?')
    expect(text('status')).toBe('Wylogujemy Cię za 2 minuty.')
    await pass(55 * SECOND)
    expect(text('message')).toMatch(/^Wylogujemy Cię za 1 minuta .*5 sekund\.$/)
    // What is left out is English.
    expect(text('stay')).toBe('Stay signed in')
  })

  it('is refused where the locale is none', () => {
    expect(() => warningDialog(page.session, { locale: 'American English' })).toThrow(RangeError)
    expect(host()).toBeNull()
  })
})

describe('an answer', () => {
  it('keeps the session, and closes the dialog of the other tab', async () => {
    const other = createSession({ idleTimeout: '15m', warnBefore: '2m', name: page.name })
    await shown()
    const elsewhere = host()!
    warningDialog(other)
    const here = document.querySelectorAll('.sojourn-dialog')[1]!.shadowRoot!
    expect(here.querySelector('dialog')!.open).toBe(true)
    here.querySelector<HTMLElement>('#stay')!.click()
    await settle()
    // happy-dom tells no other document that storage has changed.
    page.session.check()
    await settle()
    expect(elsewhere.shadowRoot!.querySelector('dialog')!.open).toBe(false)
    expect(page.session.deadlines()!.endAt - Date.now()).toBe(15 * MINUTE)
    other.destroy()
  })

  it.each(['cancel', 'close'])('is also given by Escape, which the browser tells as "%s"', async (type) => {
    await shown()
    if (type === 'close') dialog().close()
    else dialog().dispatchEvent(new Event(type, { cancelable: true }))
    await settle()
    expect(page.session.getSnapshot().phase).toBe('active')
    expect(dialog().open).toBe(false)
  })

  it('leaves the dialog to the library: the browser does not close it', async () => {
    await shown()
    const cancel = new Event('cancel', { cancelable: true })
    dialog().dispatchEvent(cancel)
    expect(cancel.defaultPrevented).toBe(true)
  })

  it('is none that the browser tells of an earlier dialog, when the next one is open', async () => {
    await shown()
    dialog().dispatchEvent(new Event('close'))
    await settle()
    expect(page.session.getSnapshot().phase).toBe('warning')
    expect(dialog().open).toBe(true)
  })

  it('may be to sign out', async () => {
    await shown()
    await press('sign-out')
    expect(page.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    expect(dialog().open).toBe(false)
  })

  it('may be an activity, where the session says so', async () => {
    const session = await page.start({ activityDuringWarning: 'extend' })
    await shown(session)
    session.touch()
    await pass(2 * SECOND)
    expect(dialog().open).toBe(false)
  })
})

describe('an answer that the server must agree to', () => {
  let agree: (agrees: boolean) => void
  const keepAlive = vi.fn(
    () =>
      new Promise<void>((resolve, reject) => {
        agree = (agrees) => (agrees ? resolve() : reject(new Error('no network')))
      }),
  )
  let session: Session
  beforeEach(async () => {
    keepAlive.mockClear()
    session = await page.start({ server: { keepAlive }, keepAliveEvery: '14m' })
  })

  it('is waited for', async () => {
    await shown(session)
    await press('stay')
    await press('stay')
    expect(keepAlive).toHaveBeenCalledOnce()
    expect(dialog().open).toBe(true)
    expect(part('stay').getAttribute('aria-disabled')).toBe('true')
    // Who has the focus keeps it.
    expect(host()!.shadowRoot!.activeElement).toBe(part('stay'))
    agree(true)
    await settle()
    expect(dialog().open).toBe(false)
    expect(part('stay').hasAttribute('aria-disabled')).toBe(false)
  })

  it('says so when the server could not be reached, and may be given again', async () => {
    await shown(session)
    await press('stay')
    agree(false)
    await settle()
    expect(dialog().open).toBe(true)
    expect(part('problem').getAttribute('role')).toBe('alert')
    expect(text('problem')).toBe('The server could not be reached. Please try again.')
    // Emptied in between: the same words are heard a second time.
    await press('stay')
    expect(text('problem')).toBe('')
    agree(true)
    await settle()
    expect(dialog().open).toBe(false)
    await untilWarned(session)
    expect(text('problem')).toBe('')
  })

  it('is no problem of the next warning', async () => {
    await shown(session)
    await press('stay')
    agree(false)
    await settle()
    await session.signOut()
    const signedIn = session.signIn()
    await pass(MINUTE)
    await signedIn
    await untilWarned(session)
    expect(text('problem')).toBe('')
  })

  it('opens the dialog again where the browser closed it meanwhile', async () => {
    await shown(session)
    dialog().close()
    await pass(SECOND)
    expect(dialog().open).toBe(true)
    expect(keepAlive).toHaveBeenCalledOnce()
    agree(true)
    await settle()
    expect(dialog().open).toBe(false)
  })
})

describe('an end that nothing can move', () => {
  beforeEach(async () => {
    const session = await page.start({ idleTimeout: false, absoluteTimeout: '1h', warnBefore: '5m' })
    await shown(session)
  })

  it('has words of its own', () => {
    expect(text('status')).toBe('You will be signed out in 5 minutes, and cannot stay any longer. Save your work now.')
    expect([text('stay'), text('sign-out')]).toEqual(['OK', 'Sign out'])
  })

  it('can be put aside, and does not come back', async () => {
    await press('stay')
    expect(dialog().open).toBe(false)
    await pass(4 * MINUTE)
    expect(dialog().open).toBe(false)
  })

  it('is shown again for the next session', async () => {
    await press('stay')
    await pass(5 * MINUTE)
    const session = await page.start({ idleTimeout: false, absoluteTimeout: '1h', warnBefore: '5m' })
    document.body.replaceChildren()
    await shown(session)
  })
})

describe('its undo', () => {
  it('takes everything away, and may be called twice', async () => {
    const undo = await shown()
    undo()
    undo()
    expect(host()).toBeNull()
    await pass(5 * SECOND)
    expect(host()).toBeNull()
    expect(page.session.getSnapshot().phase).toBe('warning')
  })

  it('is no answer', async () => {
    const undo = await shown()
    undo()
    await settle()
    expect(page.session.getSnapshot().phase).toBe('warning')
  })

  it('is final, also for an answer that comes later', async () => {
    let fail = (): void => undefined
    const keepAlive = (): Promise<void> => new Promise((_, reject) => (fail = () => reject(new Error('no network'))))
    const session = await page.start({ server: { keepAlive }, keepAliveEvery: '14m' })
    const undo = await shown(session)
    await press('stay')
    undo()
    fail()
    await pass(5 * SECOND)
    expect(host()).toBeNull()
  })

  it('leaves no timer', async () => {
    const before = vi.getTimerCount()
    const undo = await shown()
    expect(vi.getTimerCount()).toBe(before + 1)
    hide(true)
    expect(vi.getTimerCount()).toBe(before + 1)
    undo()
    expect(vi.getTimerCount()).toBe(before)
  })
})

describe('the title of the document', () => {
  beforeEach(() => {
    document.title = 'Inbox'
  })

  it('counts down while the page is hidden, and is what it was when it is shown', async () => {
    await shown()
    expect(document.title).toBe('Inbox')
    hide(true)
    expect(document.title).toBe('2:00 · You are about to be signed out')
    await pass(SECOND * 62)
    expect(document.title).toBe('0:59 · You are about to be signed out')
    hide(false)
    expect(document.title).toBe('Inbox')
  })

  it('counts down where the page is hidden before the warning begins', async () => {
    warningDialog(page.session)
    hide(true)
    expect(document.title).toBe('Inbox')
    await untilWarned(page.session)
    expect(document.title).toMatch(/^2:00 /)
    await page.session.extend()
    expect(document.title).toBe('Inbox')
  })

  it('is what it was when the session is over', async () => {
    await shown()
    hide(true)
    await pass(SECOND * 120)
    expect(document.title).toBe('Inbox')
  })

  it('is the one that the application gave it meanwhile', async () => {
    await shown()
    hide(true)
    document.title = 'Inbox (1)'
    await pass(SECOND * 2)
    expect(document.title).toMatch(/^1:59 /)
    hide(false)
    expect(document.title).toBe('Inbox (1)')
  })

  it('is what it was after the undo', async () => {
    const undo = await shown()
    hide(true)
    undo()
    expect(document.title).toBe('Inbox')
    await pass(SECOND * 2)
    expect(document.title).toBe('Inbox')
  })

  it('counts down by the timers of a world of its own', async () => {
    vi.useRealTimers()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const world = createWorld()
    const tab = await world.signedIn()
    warningDialog(tab.session)
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
    await world.advance(13 * MINUTE)
    expect(document.title).toBe('2:00 · You are about to be signed out')
    await world.advance(27 * SECOND)
    expect(document.title).toBe('1:33 · You are about to be signed out')
  })

  it('is left alone where the application wants it so', async () => {
    await shown(page.session, { titleCountdown: false })
    hide(true)
    await pass(SECOND * 2)
    expect(document.title).toBe('Inbox')
  })
})

describe('its style', () => {
  it('is a constructed style sheet, and no element', async () => {
    await shown()
    expect(host()!.shadowRoot!.adoptedStyleSheets).toHaveLength(1)
    expect(document.querySelectorAll('style')).toHaveLength(0)
    expect(host()!.shadowRoot!.querySelectorAll('style, [style]')).toHaveLength(0)
  })

  it('is set on each element where there are no constructed style sheets', async () => {
    vi.stubGlobal('CSSStyleSheet', undefined)
    await shown()
    vi.unstubAllGlobals()
    expect(part('status').style.position).toBe('absolute')
    expect(part('stay').style.minHeight).toBe('2.75rem')
    expect(part('stay').style.outline).toBe('')
  })
})
