import { existsSync } from 'node:fs'
import { env, exit } from 'node:process'

import { startDemo } from './server/start.mjs'

if (!existsSync(new URL('../dist/index.js', import.meta.url))) {
  console.error('The demo shows the built library, and there is none yet: run `npm run build` first.')
  exit(1)
}

const { url } = await startDemo({ port: Number(env.PORT ?? 0) })
console.log(`Sojourn demo: ${url}\nCtrl+C stops it.`)
