/** What has to be so before the session is made: imported first. */
import { takeChoices } from './choices.js'
import { liveOnMachine } from './machine.js'

takeChoices()
liveOnMachine()
// Two of them lie side by side on the desk.
if (parent !== window) document.documentElement.classList.add('pane')
