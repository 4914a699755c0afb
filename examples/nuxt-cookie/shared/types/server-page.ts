import type { PageState } from 'sojourn/server'

/** What the server knows when it renders a page. */
export interface ServerPage {
  readonly page: PageState
  readonly name: string | null
}
