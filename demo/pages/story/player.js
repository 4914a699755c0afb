/** The longest time between two frames, ms: a page that was hidden goes on where it was. */
const LONGEST_FRAME_MS = 100
/** How long a scene is shown whose end is shown at once, ms. */
const READING_MS = 5000

/**
 * Plays scenes, frame by frame. For a scene out of turn, the scenes before it are played at once in a new world; the same happens in
 * each world, because time passes in it only where a scene asks for it.
 *
 * @template World
 * @param {object} what
 * @param {readonly { play: (world: World) => Promise<void> }[]} what.scenes
 * @param {(nextFrame: () => Promise<number>) => World} what.open makes a new world
 * @param {(world: World) => void} what.draw
 * @param {(state: { scene: number, isPlaying: boolean, isOver: boolean }) => void} what.show
 * @param {() => boolean} what.isStill whether nothing may move: then each scene is shown by its end, and nothing plays by itself
 */
export function createPlayer({ scenes, open, draw, show, isStill }) {
  const last = scenes.length - 1
  let scene = 0
  let isPlaying = !isStill()
  let isOver = false
  /** Only the latest run goes on; the others wait for a frame that never comes. */
  let runs = 0
  let shownAt = 0
  let resume = () => {}

  const report = () => show({ scene, isPlaying, isOver })

  const nextFrame = async (run) => {
    if (!isPlaying) await new Promise((resolve) => (resume = resolve))
    const at = await new Promise(requestAnimationFrame)
    if (run !== runs) return new Promise(() => {})
    const passed = Math.min(Math.max(1, Math.round(at - shownAt)), LONGEST_FRAME_MS)
    shownAt = at
    // Paused while it waited: the time of this frame comes later.
    return isPlaying ? passed : nextFrame(run)
  }

  const start = async (first) => {
    const run = ++runs
    let isRushed = true
    const world = open(() => {
      if (isRushed) return Promise.resolve(Infinity)
      draw(world)
      return nextFrame(run)
    })
    for (const [number, { play }] of scenes.entries()) {
      if (number >= first) {
        isRushed = !isPlaying || isStill()
        scene = number
        isOver = false
        report()
      }
      await play(world)
      if (run !== runs) return
      if (number < first) continue
      draw(world)
      // A step while it is paused, or no motion.
      if (isRushed && number < last) for (let left = isStill() ? READING_MS : 1; left > 0;) left -= await nextFrame(run)
    }
    isOver = true
    isPlaying = false
    report()
  }

  void start(0)
  return {
    toggle() {
      isPlaying = !isPlaying
      if (isOver) void start(0)
      else resume()
      report()
    },
    restart() {
      isPlaying = !isStill()
      void start(0)
    },
    /** To the next scene, or to the one before. @param {1 | -1} by */
    step(by) {
      void start(Math.min(Math.max(0, scene + by), last))
    },
  }
}
