import { expectAll, liveThroughADay, signIn, test } from './frameworks.js'

for (const name of ['angular', 'solid', 'svelte', 'vue']) {
  test(`a day in two tabs of an application made with ${name}`, async ({ demo, open }) => {
    await liveThroughADay(await open(name, name), demo)
  })
}

test('applications made with five frameworks share one session', async ({ open }) => {
  const pages = await open('angular', 'react', 'solid', 'svelte', 'vue')
  await signIn(pages[0]!, 'Ada')
  await expectAll(pages, 'signed in')
  await pages[4]!.getByRole('button', { name: 'Sign out' }).click()
  await expectAll(pages, 'signed out')
})
