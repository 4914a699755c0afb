import { createPlayer } from './player.js'
import { openShop, SCENES } from './scenes.js'
import { createStage } from './stage.js'

const $ = (id) => document.getElementById(id)

const stillness = matchMedia('(prefers-reduced-motion: reduce)')

function show({ scene, isPlaying, isOver }) {
  const { caption, code } = SCENES[scene]
  if ($('caption').textContent !== caption) $('caption').textContent = caption
  $('code').textContent = code
  $('place').textContent = `${scene + 1} of ${SCENES.length}`
  $('progress').value = scene + 1
  $('toggle').textContent = isOver ? 'Play again' : isPlaying ? 'Pause' : 'Play'
  // A button that is disabled loses the focus.
  $('back').ariaDisabled = String(scene === 0)
  $('next').ariaDisabled = String(scene === SCENES.length - 1)
}

$('progress').max = SCENES.length
const draw = createStage()
let drawn = null
const player = createPlayer({
  scenes: SCENES,
  open: openShop,
  draw(shop) {
    drawn = shop
    draw(shop)
  },
  show,
  isStill: () => stillness.matches,
})
$('toggle').addEventListener('click', player.toggle)
$('restart').addEventListener('click', player.restart)
$('back').addEventListener('click', () => player.step(-1))
$('next').addEventListener('click', () => player.step(1))
addEventListener('resize', () => drawn && draw(drawn))
