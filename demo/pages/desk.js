import { choose, chosen, onChoice, optionsOf, takeChoices } from './choices.js'
import { showFaults } from './faults.js'
import { showFrames } from './frames.js'
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

/** The switches for the machine, and the note that each shows. @param {() => void} use makes both tabs use the network */
function showMachine(use) {
  const show = () => {
    const { offline, ahead } = readMachine()
    $('network').setAttribute('aria-pressed', String(offline))
    $('clock-right').disabled = ahead === 0
    const way = ahead > 0 ? 'ahead. ' : 'behind: nobody gains time by that. '
    const clock = ahead ? `The clock of all tabs is ${countdown(Math.abs(ahead) / 1000)} ${way}` : ''
    const network = offline
      ? 'No tab reaches the server. The session goes on, within its limits, and a sign-out works.'
      : ahead
        ? ''
        : 'All is well. A machine that sleeps past the end wakes signed out.'
    $('machine-note').textContent = clock + network
  }
  const change = (next) => () => {
    changeMachine(next(readMachine()))
    show()
  }
  const moveClock = (by) => change(({ ahead }) => ({ ahead: ahead + by }))
  const switchNetwork = change(({ offline }) => ({ offline: !offline }))
  $('network').addEventListener('click', () => {
    switchNetwork()
    use()
  })
  $('sleep').addEventListener('click', moveClock(600_000))
  $('clock-back').addEventListener('click', moveClock(-600_000))
  $('clock-right').addEventListener(
    'click',
    change(() => ({ ahead: 0 })),
  )
  onMachine(show)
  show()
}

/** Links to the applications that are built. */
function showFrameworks() {
  const place = $('frameworks')
  const built = place.dataset.built.split(' ').filter(Boolean)
  for (const name of built) {
    const link = document.createElement('a')
    link.href = `/frameworks/${name}/`
    link.textContent = name[0].toUpperCase() + name.slice(1)
    place.append(' ', link)
  }
  place.hidden = built.length === 0
  $('frameworks-hint').hidden = built.length > 0
}

takeChoices()
showChoices()
showFrameworks()
const { use } = showFrames()
showMachine(use)
showFaults(showServerCounts(), use)
