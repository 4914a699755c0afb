/** Where there is no document: each kind of worker, by the script build that a worker loads. */
import { expect, test } from './every.js'

test('a session in a worker says that there is no document', async ({ profile, server }) => {
  const tab = await profile.newTab()
  await tab.goTo(`${server.origin}/away`)
  const kinds = ['dedicated', 'shared', 'service'] as const
  for (const kind of kinds) {
    const told = await tab.run(async (kind) => {
      const url = '/test/e2e/pages/worker.js'
      const { port1, port2 } = new MessageChannel()
      const answer = new Promise((resolve) => {
        port1.onmessage = ({ data }: MessageEvent<unknown>) => {
          resolve(data)
        }
      })
      if (kind === 'dedicated') new Worker(url).postMessage(null, [port2])
      else if (kind === 'shared') new SharedWorker(url).port.postMessage(null, [port2])
      else {
        await navigator.serviceWorker.register(url)
        const { installing, waiting, active } = (await navigator.serviceWorker.getRegistration(url)) ?? {}
        ;(installing ?? waiting ?? active)?.postMessage(null, [port2])
      }
      return answer
    }, kind)
    expect({ [kind]: told }).toEqual({
      [kind]: {
        phase: 'loading',
        code: 'signed_out',
        message: expect.stringContaining('no document') as unknown,
        warnings: [expect.stringContaining('no document') as unknown],
      },
    })
  }
})
