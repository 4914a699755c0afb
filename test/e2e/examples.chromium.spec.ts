import type { Page } from '@playwright/test'
import { expect, test } from './examples.js'

async function signInAtProvider(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

for (const name of ['react-openid']) {
  test(`the example ${name} keeps two tabs together from sign-in to sign-out`, async ({ start, open, context }) => {
    const url = await start(name)
    const one = await open(`${url}/orders`)
    await expect(one).toHaveURL(`${url}/login?returnTo=%2Forders`)
    await signInAtProvider(one, 'Ada')
    await expect(one).toHaveURL(`${url}/orders`)
    // From the API, with the access token.
    await expect(one.getByText('A kettle for Ada')).toBeVisible()

    const two = await open(url)
    for (const tab of [one, two]) await expect(tab.getByText('Ada', { exact: true })).toBeVisible()

    await context.clock.fastForward(41_000)
    for (const tab of [one, two]) await expect(tab.getByRole('alertdialog')).toBeVisible()
    // An answer within the first moment is not taken for one.
    await context.clock.fastForward(1000)
    await two.getByRole('button', { name: 'Stay signed in' }).click()
    for (const tab of [one, two]) await expect(tab.getByRole('alertdialog')).toBeHidden()

    await two.getByRole('button', { name: 'Sign out' }).click()
    await expect(one).toHaveURL(`${url}/login?returnTo=%2Forders`)
    await expect(two.getByText('You are signed out.')).toBeVisible()
    // At the provider as well: it would otherwise bring Ada back without a question.
    await one.getByRole('button', { name: 'Sign in' }).click()
    await one.getByLabel('Your name').fill('Grace')
    await one.getByRole('button', { name: 'Sign in' }).click()
    for (const tab of [one, two]) await expect(tab.getByText('Grace', { exact: true })).toBeVisible()
    await expect(one.getByText('A kettle for Grace')).toBeVisible()
  })
}
