import { liveThroughADay, test } from './frameworks.js'

for (const name of ['solid', 'svelte', 'vue']) {
  test(`a day in two tabs of an application made with ${name}`, async ({ demo, open }) => {
    await liveThroughADay(await open(name, name), demo)
  })
}
