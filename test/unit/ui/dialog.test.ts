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

/** The texts of the live region from now on, one per change. */
function listen(): string[] {
  const said: string[] = []
  new MutationObserver(() => said.push(text('status'))).observe(part('status'), { childList: true, subtree: true })
  return said
}

it('the dialog calls no `close()` without a warning, which jsdom does not have', () => {
  vi.spyOn(HTMLDialogElement.prototype, 'close').mockImplementation(() => {
    throw new TypeError('dialog.close is not a function')
  })
  expect(warningDialog(page.session)).not.toThrow()
})

describe('the dialog', () => {
  it('the dialog is closed without a warning, and open from the warning to the end', async () => {
    warningDialog(page.session)
    expect(dialog().open).toBe(false)
    await untilWarned(page.session)
    expect(dialog().open).toBe(true)
    await pass(2 * MINUTE)
    expect(page.session.getSnapshot().phase).toBe('signedOut')
    expect(dialog().open).toBe(false)
  })

  it('the dialog is open at once if it is created in the middle of a warning', async () => {
    await untilWarned(page.session)
    warningDialog(page.session)
    expect(dialog().open).toBe(true)
  })

  it('the dialog has a name and a description', async () => {
    await shown()
    expect(dialog().getAttribute('role')).toBe('alertdialog')
    const named = (attribute: string): string =>
      host()!.shadowRoot!.getElementById(dialog().getAttribute(attribute)!)!.textContent
    expect(named('aria-labelledby')).toBe('You are about to be signed out')
    expect(named('aria-describedby')).toBe('You have not been active for a while. You will be signed out in 2 minutes.')
    expect([text('stay'), text('sign-out')]).toEqual(['Stay signed in', 'Sign out'])
  })

  it('the dialog opens as a modal one, with the focus on "stay", and returns the focus', async () => {
    const field = document.body.appendChild(document.createElement('input'))
    field.focus()
    const showModal = vi.spyOn(HTMLDialogElement.prototype, 'showModal')
    await shown()
    expect(showModal).toHaveBeenCalledOnce()
    expect(host()!.shadowRoot!.activeElement).toBe(part('stay'))
    await press('stay')
    expect(document.activeElement).toBe(field)
  })

  it('the dialog is not opened by a page that wakes past the end', async () => {
    const showModal = vi.spyOn(HTMLDialogElement.prototype, 'showModal')
    warningDialog(page.session)
    vi.setSystemTime(page.session.deadlines()!.endAt + MINUTE)
    window.dispatchEvent(new Event('focus'))
    await pass(MINUTE)
    expect(page.session.getSnapshot().phase).toBe('signedOut')
    expect(showModal).not.toHaveBeenCalled()
  })

  it('the dialog does not open past the end if the session has not noticed that yet', async () => {
    await untilWarned(page.session)
    vi.setSystemTime(page.session.deadlines()!.endAt)
    warningDialog(page.session)
    expect(dialog().open).toBe(false)
  })

  it('the dialog moves into a new body that a framework puts in place of the old one', async () => {
    await shown()
    document.body.replaceChildren()
    await pass(SECOND)
    expect(dialog().open).toBe(true)
    expect(document.querySelectorAll('.sojourn-dialog')).toHaveLength(1)
  })

  it('the dialog is in the container that it is given', async () => {
    const container = document.body.appendChild(document.createElement('section'))
    await shown(page.session, { container })
    expect(host()!.parentElement).toBe(container)
  })

  it('the dialog counts by the clock of a world for tests', async () => {
    vi.useRealTimers()
    const world = createWorld()
    const tab = await world.signedIn()
    warningDialog(tab.session)
    await world.advance(13 * MINUTE)
    expect(text('status')).toContain('2 minutes')
  })

  it('the dialog does nothing on a server', () => {
    vi.stubGlobal('document', undefined)
    const undo = warningDialog(createSession())
    undo()
    vi.unstubAllGlobals()
    expect(host()).toBeNull()
  })
})

describe('the remaining time in the dialog', () => {
  it('the remaining time is shown each second, and announced at once, each minute, then every 20 s', async () => {
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

  it('the remaining time of a long warning is announced each minute', async () => {
    await shown(await page.start({ warnBefore: '5m' }))
    const said = listen()
    await pass(5 * MINUTE - 1)
    expect(said.map((words) => /in (.*)\./.exec(words)?.[1])).toEqual([
      ...['4 minutes', '3 minutes', '2 minutes', '1 minute'],
      ...['40 seconds', '20 seconds'],
    ])
  })

  it('the remaining time is announced at once where an answer leaves an end that cannot be extended', async () => {
    const session = await page.start({ absoluteTimeout: '904s' })
    await shown(session)
    await pass(65 * SECOND)
    const said = listen()
    await press('stay')
    expect(said).toEqual(['You will be signed out in 59 seconds, and cannot stay any longer. Save your work now.'])
  })

  it('the remaining time is right if the page comes back in between', async () => {
    await shown()
    hide(true)
    await pass(75 * SECOND)
    const said = listen()
    hide(false)
    await settle()
    expect(said).toEqual([expect.stringContaining(' 45 seconds.')])
  })

  it('the remaining time begins anew with the next warning', async () => {
    await shown()
    await pass(90 * SECOND)
    await press('stay')
    await untilWarned(page.session)
    expect(text('status')).toContain(' 2 minutes.')
  })

  it('the remaining time is written with the words and plurals of its locale', async () => {
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

  it('the dialog refuses a locale that is none', () => {
    expect(() => warningDialog(page.session, { locale: 'American English' })).toThrow(RangeError)
    expect(host()).toBeNull()
  })
})

describe('an answer', () => {
  it('an answer extends the session, and closes the dialog of the other tab', async () => {
    const other = createSession({ idleTimeout: '15m', warnBefore: '2m', name: page.name })
    await shown()
    const elsewhere = host()!
    warningDialog(other)
    const here = document.querySelectorAll('.sojourn-dialog')[1]!.shadowRoot!
    expect(here.querySelector('dialog')!.open).toBe(true)
    here.querySelector<HTMLElement>('#stay')!.click()
    await settle()
    // happy-dom sends no storage event to another document.
    page.session.check()
    await settle()
    expect(elsewhere.shadowRoot!.querySelector('dialog')!.open).toBe(false)
    expect(page.session.deadlines()!.endAt - Date.now()).toBe(15 * MINUTE)
    other.destroy()
  })

  it.each(['cancel', 'close'])('an answer is also given by Escape, which the browser reports as "%s"', async (type) => {
    await shown()
    if (type === 'close') dialog().close()
    else dialog().dispatchEvent(new Event(type, { cancelable: true }))
    await settle()
    expect(page.session.getSnapshot().phase).toBe('active')
    expect(dialog().open).toBe(false)
  })

  it('an answer leaves the dialog to the library: the browser does not close it', async () => {
    await shown()
    const cancel = new Event('cancel', { cancelable: true })
    dialog().dispatchEvent(cancel)
    expect(cancel.defaultPrevented).toBe(true)
  })

  it('a late event of an earlier dialog is no answer to the next one', async () => {
    await shown()
    dialog().dispatchEvent(new Event('close'))
    await settle()
    expect(page.session.getSnapshot().phase).toBe('warning')
    expect(dialog().open).toBe(true)
  })

  it('an answer may be to sign out', async () => {
    await shown()
    await press('sign-out')
    expect(page.session.getSnapshot()).toMatchObject({ phase: 'signedOut', reason: 'signOut' })
    expect(dialog().open).toBe(false)
  })

  it('activity may be an answer, if the option says so', async () => {
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

  it('an answer that the server must agree to is waited for', async () => {
    await shown(session)
    await press('stay')
    await press('stay')
    expect(keepAlive).toHaveBeenCalledOnce()
    expect(dialog().open).toBe(true)
    expect(part('stay').getAttribute('aria-disabled')).toBe('true')
    // The focused element keeps the focus.
    expect(host()!.shadowRoot!.activeElement).toBe(part('stay'))
    agree(true)
    await settle()
    expect(dialog().open).toBe(false)
    expect(part('stay').hasAttribute('aria-disabled')).toBe(false)
  })

  it('an answer that did not reach the server is reported, and may be given again', async () => {
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

  it('a failed answer is not reported in the next warning', async () => {
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

  it('an answer that waits for the server opens the dialog again if the browser closed it', async () => {
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

describe('an end that cannot be extended', () => {
  let limited: Session
  beforeEach(async () => {
    limited = await page.start({ idleTimeout: false, absoluteTimeout: '1h', warnBefore: '5m' })
    await shown(limited)
  })

  it('an end that cannot be extended has its own texts', () => {
    expect(text('status')).toBe('You will be signed out in 5 minutes, and cannot stay any longer. Save your work now.')
    expect([text('stay'), text('sign-out')]).toEqual(['OK', 'Sign out'])
  })

  it('an end that cannot be extended can be dismissed, and its dialog does not come back', async () => {
    await press('stay')
    expect(dialog().open).toBe(false)
    await pass(4 * MINUTE)
    expect(dialog().open).toBe(false)
  })

  it('an end that cannot be extended stays dismissed where the dialog is made anew', async () => {
    await press('stay')
    document.body.replaceChildren()
    warningDialog(limited)
    await pass(SECOND)
    expect(dialog().open).toBe(false)
  })

  it('an end that cannot be extended is shown again for the next session', async () => {
    await press('stay')
    await pass(5 * MINUTE)
    const session = await page.start({ idleTimeout: false, absoluteTimeout: '1h', warnBefore: '5m' })
    document.body.replaceChildren()
    await shown(session)
  })
})

it.each([
  ['a moment earlier', -900, false],
  ['a moment later', 900, false],
  ['a minute earlier', -MINUTE, true],
])(
  'an end that was dismissed and that the server then puts %s: whether the dialog comes back',
  async (_what, by, isOpen) => {
    let endAt = Date.now() + 10 * MINUTE
    const check = vi.fn(() => Promise.resolve({ absoluteExpiresIn: (endAt - Date.now()) / SECOND }))
    const session = await page.start({
      idleTimeout: false,
      absoluteTimeout: false,
      warnBefore: '5m',
      server: { check },
    })
    const verify = async (): Promise<void> => {
      const verified = session.verify()
      await pass(6 * SECOND)
      expect(await verified).toBe(true)
      expect(session.deadlines()?.endAt).toBe(endAt)
    }
    await verify()
    await shown(session)
    await press('stay')
    endAt += by
    await verify()
    expect(dialog().open).toBe(isOpen)
  },
)

it('an end that was dismissed is shown to the next user, for whom it is the same', async () => {
  const endAt = Date.now() + 10 * MINUTE
  const check = (): Promise<object> => Promise.resolve({ absoluteExpiresIn: (endAt - Date.now()) / SECOND })
  const session = await page.start({ idleTimeout: false, absoluteTimeout: '1h', warnBefore: '5m', server: { check } })
  const verify = async (): Promise<void> => {
    const verified = session.verify()
    await pass(6 * SECOND)
    await verified
  }
  await verify()
  await shown(session)
  await press('stay')
  const signedIn = session.signOut().then(() => session.signIn())
  await pass(MINUTE)
  await signedIn
  await verify()
  await untilWarned(session)
  expect(session.getSnapshot()).toMatchObject({ endAt })
  expect(dialog().open).toBe(true)
})

describe('its undo', () => {
  it('the undo of the dialog removes everything, and may be called twice', async () => {
    const undo = await shown()
    undo()
    undo()
    expect(host()).toBeNull()
    await pass(5 * SECOND)
    expect(host()).toBeNull()
    expect(page.session.getSnapshot().phase).toBe('warning')
  })

  it('the undo of the dialog is no answer', async () => {
    const undo = await shown()
    undo()
    await settle()
    expect(page.session.getSnapshot().phase).toBe('warning')
  })

  it('the undo of the dialog is final, also for a later answer', async () => {
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

  it('the undo of the dialog leaves no timer', async () => {
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

  it('the document’s title counts down while the page is hidden, and is restored when it is shown', async () => {
    await shown()
    expect(document.title).toBe('Inbox')
    hide(true)
    expect(document.title).toBe('2:00 · You are about to be signed out')
    await pass(SECOND * 62)
    expect(document.title).toBe('0:59 · You are about to be signed out')
    hide(false)
    expect(document.title).toBe('Inbox')
  })

  it('the document’s title counts down if the page is hidden before the warning begins', async () => {
    warningDialog(page.session)
    hide(true)
    expect(document.title).toBe('Inbox')
    await untilWarned(page.session)
    expect(document.title).toMatch(/^2:00 /)
    await page.session.extend()
    expect(document.title).toBe('Inbox')
  })

  it('the document’s title is restored when the session is over', async () => {
    await shown()
    hide(true)
    await pass(SECOND * 120)
    expect(document.title).toBe('Inbox')
  })

  it('the document’s title is the one that the application has set meanwhile', async () => {
    await shown()
    hide(true)
    document.title = 'Inbox (1)'
    await pass(SECOND * 2)
    expect(document.title).toMatch(/^1:59 /)
    hide(false)
    expect(document.title).toBe('Inbox (1)')
  })

  it('the document’s title is restored after the warnings of two sessions at once', async () => {
    const other = await page.start({ idleTimeout: '15m', warnBefore: '4m' })
    await shown()
    warningDialog(other)
    hide(true)
    await pass(SECOND)
    expect(document.title).toMatch(/ · You are about to be signed out$/)
    hide(false)
    expect(document.title).toBe('Inbox')
  })

  it('the document’s title is restored by the undo', async () => {
    const undo = await shown()
    hide(true)
    undo()
    expect(document.title).toBe('Inbox')
    await pass(SECOND * 2)
    expect(document.title).toBe('Inbox')
  })

  it('the document’s title counts down by the timers of a world for tests', async () => {
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

  it('the document’s title stays unchanged if the option says so', async () => {
    await shown(page.session, { titleCountdown: false })
    hide(true)
    await pass(SECOND * 2)
    expect(document.title).toBe('Inbox')
  })
})

describe('its style', () => {
  it('the style of the dialog is a constructed style sheet, and no element', async () => {
    await shown()
    expect(host()!.shadowRoot!.adoptedStyleSheets).toHaveLength(1)
    expect(document.querySelectorAll('style')).toHaveLength(0)
    expect(host()!.shadowRoot!.querySelectorAll('style, [style]')).toHaveLength(0)
  })

  it('the style of the dialog is set on each element without constructed style sheets', async () => {
    vi.stubGlobal('CSSStyleSheet', undefined)
    await shown()
    vi.unstubAllGlobals()
    expect(part('status').style.position).toBe('absolute')
    expect(part('stay').style.minHeight).toBe('2.75rem')
    expect(part('stay').style.outline).toBe('')
  })
})

describe('a session that the application has wrapped', () => {
  it('the dialog takes another answer where extend() has rejected', async () => {
    vi.stubGlobal('reportError', vi.fn())
    let isDown = true
    await shown({
      ...page.session,
      async extend() {
        if (isDown) throw new Error('The server of the application is down.')
        return page.session.extend()
      },
    })
    await press('stay')
    expect(text('problem')).toBe('The server could not be reached. Please try again.')
    expect(reportError).toHaveBeenCalledTimes(1)
    isDown = false
    await press('stay')
    expect(page.session.getSnapshot().phase).toBe('active')
    vi.unstubAllGlobals()
  })
})

it('the dialog takes null for an option that is left out', async () => {
  const nothing = { texts: null, locale: null, container: null, titleCountdown: null }
  await shown(page.session, nothing as unknown as DialogOptions)
  expect(text('title')).toBe('You are about to be signed out')
  expect(host()?.parentElement).toBe(document.body)
})
