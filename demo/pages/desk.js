import { choose, chosen, onChoice, optionsOf, takeChoices } from './choices.js'
import { showFaults } from './faults.js'
import { changeMachine, onMachine, readMachine } from './machine.js'
import { showSegments } from './segments.js'
import { showServerCounts } from './server-counts.js'
import { countdown } from './words.js'

const $ = (id) => document.getElementById(id)

function showChoices() {
  const shows = ['server', 'timeouts'].map((kind) => {
    const select = showSegments($(kind), optionsOf(kind), (name) => {
      choose(kind, name)
      show()
    })
    const show = () => {
      select(chosen(kind))
      $(`${kind}-note`).textContent = optionsOf(kind)[chosen(kind)].note
    }
    return show
  })
  const show = () => shows.forEach((one) => one())
  onChoice(show)
  show()
}

/** What a person can do to the machine, and what is to be said of it then. */
function showMachine() {
  const show = () => {
    const { offline, ahead } = readMachine()
    $('network').setAttribute('aria-pressed', String(offline))
    $('clock-right').disabled = ahead === 0
    const clock = ahead
      ? `The clock of all tabs is ${countdown(Math.abs(ahead) / 1000)} ${ahead > 0 ? 'ahead' : 'behind'}. `
      : ''
    $('machine-note').textContent =
      clock +
      (offline
        ? 'No tab reaches the server. The session goes on, its limits too, and a sign-out as well.'
        : 'Slept past the end, a session is over at the first look; a clock set back prolongs none.')
  }
  const change = (next) => () => {
    changeMachine(next(readMachine()))
    show()
  }
  const moveClock = (by) => change(({ ahead }) => ({ ahead: ahead + by }))
  $('network').addEventListener(
    'click',
    change(({ offline }) => ({ offline: !offline })),
  )
  $('sleep').addEventListener('click', moveClock(600_000))
  $('clock-back').addEventListener('click', moveClock(-600_000))
  $('clock-right').addEventListener(
    'click',
    change(() => ({ ahead: 0 })),
  )
  onMachine(show)
  show()
}

takeChoices()
showChoices()
showMachine()
showFaults(showServerCounts())
// With the choices of the address, which are known to all by now.
for (const frame of document.querySelectorAll('iframe')) frame.src = '/tab.html'
