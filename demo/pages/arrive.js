/** Imported first: it prepares the page before the session is created. */
import { takeChoices } from './choices.js'
import { liveOnMachine } from './machine.js'

takeChoices()
liveOnMachine()
// Two of them lie side by side on the desk.
if (parent !== window) document.documentElement.classList.add('pane')
