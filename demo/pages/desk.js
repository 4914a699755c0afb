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

/** The switches for the machine, and the note that each shows. */
function showMachine() {
  const show = () => {
    const { offline, ahead } = readMachine()
    $('network').setAttribute('aria-pressed', String(offline))
    $('clock-right').disabled = ahead === 0
    const way = ahead > 0 ? 'ahead. ' : 'behind, which prolongs nothing; set forward again, it is as if it had slept. '
    const clock = ahead ? `The clock of all tabs is ${countdown(Math.abs(ahead) / 1000)} ${way}` : ''
    const network = offline
      ? 'No tab reaches the server: the session goes on, within its limits, and a sign-out works.'
      : 'A machine that slept past the end wakes signed out, whatever wakes it.'
    $('machine-note').textContent = clock + network
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
// The choices of the address are stored by now, so both tabs read them.
for (const frame of document.querySelectorAll('iframe')) frame.src = '/tab.html'
