/** Input that no person has caused, though the browser calls its events trusted. */
import { expect, shortIdle, test, type AnyTab } from './every.js'

/**
 * Each as a script does it that means no harm: a demo that plays itself, a form that is filled in, an editor that formats.
 * In tasks of their own: WebKit does not count its driver's scripts among those that are running.
 */
const causes: Record<string, () => void> = {
  'a checkbox that a script clicks': () => {
    setTimeout(() => {
      const box = document.body.appendChild(document.createElement('input'))
      box.type = 'checkbox'
      box.click()
    })
  },
  'a label that a script clicks, or sends a click to': () => {
    setTimeout(() => {
      const label = document.body.appendChild(document.createElement('label'))
      const radio = label.appendChild(document.createElement('input'))
      const text = label.appendChild(document.createElement('span'))
      radio.type = 'radio'
      label.click()
      radio.checked = false
      text.click()
      radio.checked = false
      text.dispatchEvent(new MouseEvent('click', { bubbles: true }))
    })
  },
  'text that a script types, formats, and takes back': () => {
    setTimeout(() => {
      document.querySelector<HTMLElement>('#text')?.focus()
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- what editors still do
      const run = (command: string, value?: string): boolean => document.execCommand(command, false, value)
      run('insertText', 'word')
      const notes = document.body.appendChild(document.createElement('p'))
      notes.contentEditable = 'true'
      notes.focus()
      run('insertText', 'word')
      getSelection()?.selectAllChildren(notes)
      for (const command of ['bold', 'delete', 'undo']) run(command)
    })
  },
  'an Enter that a script sends to a form': () => {
    setTimeout(() => {
      const form = document.body.appendChild(document.createElement('form'))
      form.addEventListener('submit', (event) => {
        event.preventDefault()
      })
      const field = form.appendChild(document.createElement('input'))
      form.appendChild(document.createElement('button'))
      field.focus()
      for (const type of ['keydown', 'keypress', 'keyup'])
        field.dispatchEvent(new KeyboardEvent(type, { key: 'Enter', keyCode: 13, charCode: 13, bubbles: true }))
    })
  },
}

const endAt = ({ run }: AnyTab): Promise<number | undefined> => run(() => window.harness.session.deadlines()?.endAt)

for (const [what, cause] of Object.entries(causes)) {
  test(`S93 ${what} is not activity`, async ({ tabs }) => {
    const tab = await tabs.open({ options: { idleTimeout: '60m' }, server: 'none' })
    await tab.signIn()
    const before = await endAt(tab)
    await tab.shiftClock(60_000)
    await tab.run(cause)
    await tab.run(() => new Promise<void>((resolve) => setTimeout(resolve, 50)))
    expect(await endAt(tab)).toBe(before)
    // The first input after a quiet minute is written at once: it would have been, had it counted.
    await tab.click('#press')
    expect(await endAt(tab)).toBeGreaterThanOrEqual((before ?? Infinity) + 60_000)
  })
}

test('S93 a script that clicks a checkbox on and on does not keep the session alive', async ({ tabs }) => {
  const tab = await tabs.open({ ...shortIdle, server: 'none' })
  await tab.signIn()
  await tab.run(() => {
    const box = document.body.appendChild(document.createElement('input'))
    box.type = 'checkbox'
    setInterval(() => {
      box.click()
    }, 400)
  })
  expect((await tab.next('signedOut')).detail['reason']).toBe('idle')
  expect((await tab.events('extended')).length).toBe(0)
})
