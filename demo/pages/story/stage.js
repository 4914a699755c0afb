import { countdown, secondsLeft } from '../words.js'
import { FLIGHT_MS, PAGES, POINT_MS } from './scenes.js'

const $ = (id) => document.getElementById(id)

const STATES = { loading: 'Loading', signedOut: 'Signed out', active: 'Signed in', warning: 'Ends in' }
const BUTTONS = { loading: '', signedOut: 'Sign in', active: 'Sign out', warning: 'Stay signed in' }

/** The world's clock: it begins at 9:00, and has no time zone. */
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: 'UTC' })

function add(parent, tag, className, text = '') {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  parent.append(element)
  return element
}

/** A small browser tab, without a word about its session yet. */
function addTab(title) {
  const tab = add($('shop'), 'li', 'mini')
  const strip = add(tab, 'div', 'mini-strip')
  add(strip, 'strong', 'mini-title', title)
  add(tab, 'div', 'mini-address', `shop.example/${title.toLowerCase()}`)
  const page = add(tab, 'div', 'mini-page')
  const state = add(page, 'p', 'mini-state')
  const note = add(page, 'p', 'mini-note')
  const button = add(page, 'span', 'mini-button')
  // A picture of a button: the story presses it.
  button.ariaHidden = 'true'
  return { tab, state, note, button }
}

/** @returns {(shop: import('./scenes.js').Shop) => void} draws what is to be seen */
export function createStage() {
  const tabs = PAGES.map(addTab)
  const layer = $('sparks')
  const pointer = $('pointer')

  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text
  }
  /** The middle of a tab, of its button, or of the server. */
  const placeOf = (name, isButton = false) => {
    const { tab, button } = tabs[Number(name.replace('tab ', '')) - 1] ?? { tab: $('server') }
    const box = ((isButton && button) || tab).getBoundingClientRect()
    const from = layer.getBoundingClientRect()
    return [box.x + box.width / 2 - from.x, box.y + box.height / 2 - from.y]
  }
  const put = (element, from, to, part) => {
    const [x, y] = [0, 1].map((axis) => from[axis] + (to[axis] - from[axis]) * part)
    element.style.transform = `translate(${x}px, ${y}px)`
  }
  const easy = (part) => (1 - Math.cos(Math.PI * Math.min(1, part))) / 2

  return (shop) => {
    const { wall, mono, isAsleep, served, pressed, pointer: points, sparks, requests, tabs: seen } = shop.look()
    $('stage').classList.toggle('asleep', isAsleep)
    setText($('clock'), clock.format(wall))
    setText($('clock-note'), isAsleep ? 'asleep' : 'awake')
    setText($('requests'), String(requests))
    setText($('requests-label'), requests === 1 ? 'request for new tokens' : 'requests for new tokens')
    setText($('served'), served)
    for (const [number, { name, phase, note, left }] of seen.entries()) {
      const { tab, state, note: line, button } = tabs[number]
      tab.dataset.phase = phase
      tab.classList.toggle('pressed', name === pressed)
      setText(state, phase === 'warning' ? `${STATES[phase]} ${countdown(secondsLeft(left))}` : STATES[phase])
      setText(line, note)
      setText(button, BUTTONS[phase])
    }
    while (layer.children.length > sparks.length) layer.lastChild.remove()
    while (layer.children.length < sparks.length) add(layer, 'i', 'spark')
    for (const [number, { from, to, at }] of sparks.entries()) {
      const dot = layer.children[number]
      dot.classList.toggle('request', [from, to].includes('server'))
      put(dot, placeOf(from), placeOf(to), easy((mono - at) / FLIGHT_MS))
    }
    pointer.toggleAttribute('hidden', points === null)
    if (points) put(pointer, placeOf(points.from, true), placeOf(points.to, true), easy((mono - points.at) / POINT_MS))
  }
}
