import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { useIdleTimer } from 'react-idle-timer'

const MINUTE = 60_000

function Timer({ warns }) {
  const timer = useIdleTimer({ timeout: 10 * MINUTE, ...(warns && { promptBeforeIdle: MINUTE }) })
  window.idle.isOver = () => timer.isIdle()
  window.idle.stay = () => timer.activate()
  return null
}

window.idle = {
  start: (warns) =>
    createRoot(document.body.appendChild(document.createElement('div'))).render(createElement(Timer, { warns })),
}
