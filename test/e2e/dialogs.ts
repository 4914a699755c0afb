/** The warning dialog as a person meets it, and what an audit looks at. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Locator, Page } from '@playwright/test'
import type { PageConfig, Tab, Tabs } from './fixtures.js'
import type { DialogConfig } from './pages/dialog.js'

/** The source of axe-core, to be run in a page. */
export const axeSource: string = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Runs in the page: everything that axe-core knows of the dialog, the rules for WCAG 2.2 included. Returns what it found. */
export const runAxe = `axe.run('.sojourn-dialog', { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } })
  .then(({ violations, incomplete, passes }) => ({
    found: violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join('; ')),
    unsure: incomplete.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join('; ')),
    tried: passes.map(({ id }) => id),
  }))`

export interface Audit {
  readonly found: string[]
  /** What axe-core leaves to a person. */
  readonly unsure: string[]
  readonly tried: string[]
}

export async function audit(page: Page): Promise<Audit> {
  await page.evaluate(axeSource)
  return page.evaluate<Audit>(runAxe)
}

/** What has the focus, through shadow trees and frames of this origin. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    let element = document.activeElement
    while (element) {
      const inner: Element | null | undefined =
        element.shadowRoot?.activeElement ?? (element as HTMLIFrameElement).contentDocument?.activeElement
      if (!inner) break
      element = inner
    }
    return element?.id ?? ''
  })

export interface DialogTab extends Tab {
  readonly dialog: Locator
  readonly stay: Locator
  readonly leave: Locator
}

/** A tab whose page has the dialog. Its clock is the test's. */
export async function openDialogTab(
  tabs: Tabs,
  config: PageConfig = {},
  dialog: DialogConfig = {},
): Promise<DialogTab> {
  const tab = await tabs.open({ server: 'none', ...config }, { path: '/dialog', search: { dialog } })
  const { page } = tab
  return Object.assign(tab, {
    dialog: page.getByRole('alertdialog'),
    stay: page.locator('.sojourn-dialog #stay'),
    leave: page.locator('.sojourn-dialog #sign-out'),
  })
}
