/** An application in development: a real session with its inspector, and one of a world to play with. */
import { createSession, memoryTokens } from 'sojourn'
import { sessionInspector } from 'sojourn/inspector'
import { oauth } from 'sojourn/oauth'
import { createWorld, playgroundActions } from 'sojourn/testing'
import { installHarness } from './harness.js'

document.documentElement.style.colorScheme = 'light dark'
installHarness({ createSession, memoryTokens, oauth })
sessionInspector(window.harness.session)

const world = createWorld()
const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
const container = document.querySelector('main')
if (container) sessionInspector(tab.session, { container, ...playgroundActions(world, tab) })
