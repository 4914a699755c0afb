import { createWorld } from 'sojourn/testing'

/** How long a message takes from tab to tab, and a request to the server: longer than in a browser, so that it can be seen. */
export const FLIGHT_MS = 600
/** How long the pointer takes to a tab, and how long a button stays pressed. */
export const POINT_MS = 700
const PRESS_MS = 250

/** The note of a tab whose access token has expired. */
const NEEDS = 'needs a token'

const OPTIONS = { idleTimeout: '30m', warnBefore: '2m' }
const MINUTE = 60_000

/** The pages that Ada has open: five tabs of one shop. */
export const PAGES = ['Cart', 'Orders', 'Wishlist', 'Messages', 'Account']

/** Tasks of the world that belong to no tab. */
const nobody = { frozen: false, gone: false }

/**
 * Opens five tabs in a simulated browser, with a server. The sessions in them are real ones.
 *
 * @param {() => Promise<number>} nextFrame resolves with the milliseconds until the next frame, which may be `Infinity`
 */
export function openShop(nextFrame) {
  let isAsleep = false
  let served = 'Nothing to do'
  let pressed = ''
  let pointer = null
  let sparks = []
  /** What each tab has done or heard last, and which tab sent it the last message. */
  const notes = PAGES.map(() => '')
  const sender = PAGES.map(() => '')

  const tabs = []
  const numberOf = (name) => tabs.findIndex((tab) => tab.name === name)
  const note = (name, text) => {
    notes[numberOf(name)] = text
  }

  const now = () => world.time.clock().mono
  /** A message is on its way. What is written to storage and to the channel at once is one. */
  const spark = (from, to) => {
    const isSent = sparks.some((one) => one.from === from && one.to === to && one.at === now())
    if (!isSent) sparks.push({ from, to, at: now() })
  }
  const flying = () => sparks.filter(({ at }) => now() < at + FLIGHT_MS)
  /** A tab writes to storage or to the channel: the browser brings it to the other tabs. */
  const broadcast = (from) => {
    for (const [number, { name }] of tabs.entries()) {
      if (name === from) continue
      spark(from, name)
      sender[number] = PAGES[numberOf(from)]
    }
  }
  const world = createWorld({
    ports: (own, { name }) => ({
      ...own,
      openRecordStore(key) {
        const store = own.openRecordStore(key)
        const write = (texts) => (broadcast(name), store.write(texts))
        return { ...store, write }
      },
      openChannel(key, onMessage) {
        const channel = own.openChannel(key, onMessage)
        const post = (message) => (broadcast(name), channel.post(message))
        return { ...channel, post }
      },
    }),
  })
  world.channel.delay = FLIGHT_MS
  world.storage.delay = FLIGHT_MS
  world.server.reply = (method, { from }) => {
    spark(from, 'server')
    if (method === 'refresh' && notes[numberOf(from)] === NEEDS) note(from, 'asks for all')
    world.time.later(nobody, FLIGHT_MS, () => {
      spark('server', from)
      served = method === 'refresh' ? 'Sent new tokens' : 'Revoked the tokens'
    })
    return { after: 2 * FLIGHT_MS }
  }

  for (const number of PAGES.keys()) {
    const tab = world.tab(OPTIONS)
    tabs.push(tab)
    const heard = (text) => (event) => {
      notes[number] = event.where === 'elsewhere' ? `told by ${sender[number]}` : text
    }
    tab.session.on('signedIn', heard('signed in here'))
    tab.session.on('extended', heard('answered here'))
    tab.session.on('signedOut', heard('signed out here'))
    tab.session.on('warning', heard(''))
  }

  /** Lets time pass, frame by frame. @param {number} span @param {number} [seen] how long it is watched */
  const pass = async (span, seen = span, by = world.advance) => {
    let [passed, left] = [0, seen]
    while (left > 0) {
      const frame = Math.min(await nextFrame(), left)
      left -= frame
      const until = Math.floor(span * (1 - left / seen))
      await by(until - passed)
      passed = until
    }
    sparks = flying()
  }

  return {
    tabs,
    pass,
    grant: world.grant,
    note: (tab, text) => note(tab.name, text),
    serve(text) {
      served = text
    },
    /** Ada moves the pointer to the button of a tab, and presses it. */
    async press(tab) {
      pointer = { to: tab.name, from: pointer?.to ?? 'server', at: now() }
      await pass(POINT_MS)
      pressed = tab.name
      await pass(PRESS_MS)
      pressed = ''
    },
    async sleep(span, seen) {
      isAsleep = true
      await pass(span, seen, (ms) => world.sleep(ms))
    },
    wake() {
      isAsleep = false
      for (const tab of tabs) tab.hint('visibilitychange')
    },
    /** All that is to be seen. */
    look() {
      const { wall, mono } = world.time.clock()
      return {
        wall,
        mono,
        isAsleep,
        served,
        pressed,
        pointer,
        sparks: flying(),
        requests: world.server.count('refresh'),
        tabs: tabs.map((tab, number) => {
          const { phase, endAt } = tab.session.getSnapshot()
          return { name: tab.name, phase, note: notes[number], left: phase === 'warning' ? endAt - wall : 0 }
        }),
      }
    },
  }
}

/** @typedef {ReturnType<typeof openShop>} Shop */

/**
 * The story. Each scene goes on where the one before has ended.
 *
 * @type {readonly { caption: string, code: string, play: (shop: Shop) => Promise<void> }[]}
 */
export const SCENES = [
  {
    caption: 'Ada has five tabs of one shop open. Nobody is signed in.',
    code: "createSession({ idleTimeout: '30m' })",
    play: ({ pass }) => pass(1500),
  },
  {
    caption: 'She signs in on one of them, and all five know at once.',
    code: 'session.signIn(tokens)',
    async play({ tabs: [, orders], press, grant, pass, serve }) {
      await press(orders)
      serve('Signed Ada in')
      void orders.session.signIn(grant())
      await pass(3000)
    },
  },
  {
    caption: 'Her laptop sleeps for 20 minutes. Meanwhile her access token expires.',
    code: '// On waking the deadline is checked.',
    play: ({ sleep }) => sleep(20 * MINUTE, 3500),
  },
  {
    caption: 'It wakes, and five tabs need a new token at once: one of them asks for all.',
    code: 'session.getAccessToken()',
    async play({ tabs, wake, note, pass }) {
      wake()
      tabs[2].input()
      for (const tab of tabs) note(tab, NEEDS)
      await pass(900)
      for (const tab of tabs) void tab.session.getAccessToken().then(() => note(tab, 'new token'))
      await pass(4500)
    },
  },
  {
    caption: 'For 28 minutes she does nothing. Two minutes before the end, every tab warns.',
    code: 'warningDialog(session)',
    async play({ pass }) {
      await pass(28 * MINUTE, 3000)
      await pass(2500)
    },
  },
  {
    caption: 'She answers on one tab, and the warning is gone on all five.',
    code: 'session.extend()',
    async play({ tabs: [, , , messages], press, pass }) {
      await press(messages)
      void messages.session.extend()
      await pass(3000)
    },
  },
  {
    caption: 'She signs out on one tab: all five are signed out at once, and the server revokes her tokens.',
    code: 'session.signOut()',
    async play({ tabs: [cart], press, pass }) {
      await press(cart)
      void cart.session.signOut()
      await pass(3500)
    },
  },
]
