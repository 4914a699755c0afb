/** The warning dialog as a person meets it, and what an audit looks at. */
import type { Locator } from '@playwright/test'
import type * as Axe from 'axe-core'
import { runIn, type PageConfig, type Tab, type Tabs } from './fixtures.js'
import type { DialogConfig } from './pages/dialog.js'
import type { Run } from './tab.js'

declare global {
  /** In the page. */
  const axe: typeof Axe
}

export interface Audit {
  readonly found: unknown[]
  /** What axe-core leaves to a person. */
  readonly unsure: unknown[]
  readonly tried: string[]
}

/** All that axe-core knows of the dialog, or of more, the rules for WCAG 2.2 included; of one page without its frames. */
export const audit = (run: Run, what = '.sojourn-dialog'): Promise<Audit> =>
  run(async (selector) => {
    const values = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations, incomplete, passes } = await axe.run(selector, {
      iframes: false,
      runOnly: { type: 'tag', values },
    })
    return {
      found: violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => [id, html, failureSummary])),
      unsure: incomplete.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html])),
      tried: passes.map(({ id }) => id),
    }
  }, what)

/** What has the focus, through shadow trees and frames of this origin. */
export const focused = (run: Run): Promise<string> =>
  run(() => {
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
  readonly run: Run
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
    run: runIn(page),
    dialog: page.getByRole('alertdialog'),
    stay: page.locator('.sojourn-dialog #stay'),
    leave: page.locator('.sojourn-dialog #sign-out'),
  })
}
