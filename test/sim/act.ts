import type { Actor } from './actor.js'
import type { Scene } from './scene.js'
import type { Traits } from './traits.js'
import { ONE, type Ways } from './ways.js'

/** An act that may happen in a world. */
export interface Act {
  /** How often the act happens compared with the others. */
  readonly weight: number
  /** The words of the act in a schedule, before the words of its way. */
  readonly words: string
  /** True if the act happens in one of the tabs. */
  readonly isInTab: boolean
  readonly draw: (how: number, traits: Traits) => string
  readonly isWay: (way: string) => boolean
  readonly perform: (scene: Scene, actor: Actor, way: string) => void
}

function create<W>(
  isInTab: boolean,
  weight: number,
  words: string,
  { draw, read }: Ways<W>,
  run: (scene: Scene, actor: Actor, way: W) => void,
): Act {
  return {
    weight,
    words,
    isInTab,
    draw,
    isWay: (way) => read(way) !== undefined,
    perform(scene, actor, way) {
      const meaning = read(way)
      if (meaning === undefined) throw new Error(`${words}: ${way} is none of its ways`)
      run(scene, actor, meaning)
    },
  }
}

/** An act in a tab. */
export const inTab = (weight: number, words: string, run: (scene: Scene, actor: Actor) => void): Act =>
  create(true, weight, words, ONE, run)

/** An act in a tab, in one of several ways. */
export const inTabBy = <W>(
  weight: number,
  words: string,
  ways: Ways<W>,
  run: (scene: Scene, actor: Actor, way: W) => void,
): Act => create(true, weight, words, ways, run)

/** An act that affects all tabs, or their surroundings. */
export const around = (weight: number, words: string, run: (scene: Scene) => void): Act =>
  create(false, weight, words, ONE, run)

/** An act that affects all tabs, or their surroundings, in one of several ways. */
export const aroundBy = <W>(weight: number, words: string, ways: Ways<W>, run: (scene: Scene, way: W) => void): Act =>
  create(false, weight, words, ways, (scene, _actor, way) => {
    run(scene, way)
  })
