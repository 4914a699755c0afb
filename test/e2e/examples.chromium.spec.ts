import type { Cookie, Page } from '@playwright/test'
import { expect, test } from './examples.js'

/** The page that the guard of `/orders` leads to. Routers do not agree on what to encode. */
const isLogin = ({ pathname, searchParams }: URL): boolean =>
  pathname === '/login' && searchParams.get('returnTo') === '/orders'

async function signInAtProvider(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

for (const name of ['react-openid', 'vue-openid']) {
  test(`the example ${name} keeps two tabs together from sign-in to sign-out`, async ({ start, open, context }) => {
    const url = await start(name)
    const one = await open(`${url}/orders`)
    await expect(one).toHaveURL(isLogin)
    await one.getByRole('button', { name: 'Sign in' }).click()
    await one.getByRole('button', { name: 'Cancel' }).click()
    await expect(one).toHaveURL(`${url}/login`)
    await one.getByRole('link', { name: 'Orders' }).click()
    await expect(one).toHaveURL(isLogin)
    await signInAtProvider(one, 'Ada')
    await expect(one).toHaveURL(`${url}/orders`)
    // From the API, with the access token.
    await expect(one.getByText('A kettle for Ada')).toBeVisible()

    // Somebody else's link leads nowhere else.
    const two = await open(`${url}/login?returnTo=//elsewhere.example/`)
    await expect(two).toHaveURL(`${url}/`)
    for (const tab of [one, two]) await expect(tab.getByText('Ada', { exact: true })).toBeVisible()

    await context.clock.fastForward(41_000)
    for (const tab of [one, two]) await expect(tab.getByRole('alertdialog')).toBeVisible()
    // An answer within the first moment is not taken for one.
    await context.clock.fastForward(1000)
    await two.getByRole('button', { name: 'Stay signed in' }).click()
    for (const tab of [one, two]) await expect(tab.getByRole('alertdialog')).toBeHidden()

    await two.getByRole('link', { name: 'Orders' }).click()
    await expect(two.getByText('A kettle for Ada')).toBeVisible()
    await one.getByRole('button', { name: 'Sign out' }).click()
    await expect(two).toHaveURL(isLogin)
    // By way of the provider.
    await expect(one).toHaveURL(`${url}/`)
    await expect(one.getByText('You are signed out.')).toBeVisible()
    // If its session lived, it would bring Ada back without a question.
    await signInAtProvider(two, 'Grace')
    for (const tab of [one, two]) await expect(tab.getByText('Grace', { exact: true })).toBeVisible()
    await expect(two.getByText('A kettle for Grace')).toBeVisible()
  })
}

test('the example plain keeps two tabs together from sign-in to sign-out', async ({ start, open, context }) => {
  const url = await start('plain')
  const one = await open(`${url}/orders`)
  await expect(one).toHaveURL(isLogin)
  const two = await open(`${url}/login?returnTo=/orders`)
  await one.getByLabel('Your name').fill('Ada')
  await one.getByRole('button', { name: 'Sign in' }).click()
  for (const tab of [one, two]) {
    await expect(tab).toHaveURL(`${url}/orders`)
    await expect(tab.getByText('A kettle for Ada')).toBeVisible()
  }

  // Somebody else's link leads nowhere else.
  await two.goto(`${url}/login?returnTo=//elsewhere.example/`)
  await expect(two).toHaveURL(`${url}/`)

  await context.clock.fastForward(41_000)
  for (const tab of [one, two]) await expect(tab.getByRole('alertdialog')).toBeVisible()
  // An answer within the first moment is not taken for one.
  await context.clock.fastForward(1000)
  await two.getByRole('button', { name: 'Stay signed in' }).click()
  for (const tab of [one, two]) await expect(tab.getByRole('alertdialog')).toBeHidden()

  await two.getByRole('link', { name: 'Orders' }).click()
  await expect(two.getByText('A kettle for Ada')).toBeVisible()
  // At the server as well: the cookie is worth nothing then, for whoever has kept it.
  const [{ name, value }] = (await context.cookies(url)) as [Cookie]
  const status = async (): Promise<number> =>
    (await fetch(`${url}/session`, { headers: { cookie: `${name}=${value}` } })).status
  expect(await status()).toBe(200)
  await one.getByRole('button', { name: 'Sign out' }).click()
  for (const tab of [one, two]) await expect(tab).toHaveURL(isLogin)
  await expect.poll(status).toBe(401)
})
