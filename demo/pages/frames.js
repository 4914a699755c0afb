const FLIGHT_MS = 600
/** A tab that has changed something so short a time ago is the one that the other has heard of. */
const RECENT_MS = 500

const stillness = matchMedia('(prefers-reduced-motion: reduce)')

/** Two frames as tabs of a browser: each with its title, its address, and a spark when it hears of the other. */
export function showFrames() {
  const layer = document.getElementById('sparks')
  const tabs = [...document.querySelectorAll('.browser')].map((browser) => ({
    browser,
    chrome: browser.querySelector('.chrome'),
    frame: browser.querySelector('iframe'),
    actedAt: -Infinity,
  }))

  const middleOf = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect()
    const from = layer.getBoundingClientRect()
    return `translate(${x + width / 2 - from.x}px, ${y + height / 2 - from.y}px)`
  }
  const flash = (chrome) => {
    chrome.classList.add('hears')
    setTimeout(() => chrome.classList.remove('hears'), FLIGHT_MS)
  }
  const fly = async (from, chrome) => {
    if (!stillness.matches) {
      const spark = document.createElement('i')
      spark.className = 'spark'
      layer.append(spark)
      const way = { transform: [middleOf(from), middleOf(chrome)] }
      await spark.animate(way, { duration: FLIGHT_MS, easing: 'ease-in-out' }).finished
      spark.remove()
    }
    flash(chrome)
  }

  addEventListener('message', ({ source, origin, data }) => {
    const tab = tabs.find(({ frame }) => frame.contentWindow === source)
    if (!tab || origin !== location.origin) return
    if (!data.isHeard) {
      tab.actedAt = performance.now()
      return
    }
    const other = tabs.find((one) => one !== tab && performance.now() - one.actedAt < RECENT_MS)
    void fly(other?.chrome ?? document.getElementById('third'), tab.chrome)
  })

  for (const { browser, chrome, frame } of tabs) {
    const show = () => {
      const { title, location: address, documentElement: page } = frame.contentDocument
      browser.dataset.phase = page.dataset.phase ?? ''
      chrome.querySelector('.chrome-title').textContent = title
      chrome.querySelector('.chrome-address').textContent = address.host + address.pathname
    }
    frame.addEventListener('load', () => {
      const { documentElement: page, head } = frame.contentDocument
      const watcher = new MutationObserver(show)
      watcher.observe(page, { attributeFilter: ['data-phase'] })
      watcher.observe(head, { subtree: true, childList: true, characterData: true })
      show()
    })
    // The choices of the address are stored by now, so both tabs read them.
    frame.src = '/tab.html'
  }
  return {
    /** Each tab uses the server, so that its state can be seen. */
    use() {
      for (const { frame } of tabs) frame.contentWindow.postMessage('use', location.origin)
    },
  }
}
