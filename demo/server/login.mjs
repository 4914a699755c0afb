import { renderPage, sendPage } from './html.mjs'
import { readBody } from './http.mjs'

const LOGIN_PAGE = new URL('../pages/login.html', import.meta.url)
const ERROR_PAGE = new URL('../pages/error.html', import.meta.url)

/**
 * The provider's login page: any name signs in, without a password.
 *
 * @param {import('oidc-provider').Provider} provider
 * @param {ReturnType<typeof import('./accounts.mjs').createAccounts>} accounts
 * @param {readonly string[]} origins of pages, to which a sign-in redirects
 * @returns {(req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => Promise<void>}
 */
export function createLogin(provider, accounts, origins) {
  const show = async (res, uid, problem = '') => {
    const page = await renderPage(LOGIN_PAGE, { uid, problem, invalid: String(problem !== '') }, {}, origins)
    sendPage(res, problem ? 422 : 200, page)
  }

  const submit = async (req, res, uid) => {
    const form = new URLSearchParams(await readBody(req))
    if (form.has('cancel')) {
      const refusal = { error: 'access_denied', error_description: 'The sign-in was cancelled' }
      return provider.interactionFinished(req, res, refusal, { mergeWithLastSubmission: false })
    }
    const accountId = accounts.signUp(form.get('name') ?? '')
    if (!accountId) return show(res, uid, 'Please type a name. Any name will do.')
    return provider.interactionFinished(req, res, { login: { accountId, remember: false } })
  }

  return async (req, res) => {
    try {
      const { uid } = await provider.interactionDetails(req, res)
      await (req.method === 'POST' ? submit(req, res, uid) : show(res, uid))
    } catch (error) {
      if (error.name !== 'SessionNotFound') throw error
      sendPage(res, 410, await errorPage('This sign-in has expired, or was begun in another browser.'))
    }
  }
}

/** @param {string} message */
export const errorPage = (message) => renderPage(ERROR_PAGE, { message })
