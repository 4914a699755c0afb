import type { Tab, World } from './world.js'

const HOUR = 36e5

/**
 * Actions that try out a tab of a world, for the buttons of `sojourn/inspector`. They run one after the other. After each of them a
 * second passes, so that the other tabs get its messages.
 *
 * @example An inspector with buttons
 * ```ts
 * const world = createWorld()
 * const tab = await world.signedIn({ idleTimeout: '15m', warnBefore: '2m' })
 * sessionInspector(tab.session, playgroundActions(world, tab))
 * ```
 */
export function playgroundActions(
  world: World,
  tab: Tab,
): { readonly actions: Readonly<Record<string, () => Promise<void>>> } {
  let turn = Promise.resolve()
  const wake = (): void => {
    tab.hint('focus')
  }
  const { reply: manner } = world.server
  const setOnline = (online: boolean): void => {
    tab.online = online
    world.server.reply = online ? manner : () => ({ fails: new TypeError('Failed to fetch') })
    if (online) tab.hint('online')
  }
  const all: Readonly<Record<string, () => unknown>> = {
    'Use the page': () => {
      tab.input()
    },
    'Let a minute pass': () => world.advance('1m'),
    'Ask for a new token': () => world.until(tab.session.getAccessToken({ forceRefresh: true })).catch(() => undefined),
    'Sleep for an hour': () => {
      world.sleep('1h')
      wake()
    },
    'Set the clock an hour ahead': () => {
      world.setClock(HOUR)
      wake()
    },
    'Set it an hour back': () => {
      world.setClock(-HOUR)
      wake()
    },
    'Lose the network': () => {
      setOnline(false)
    },
    'Find it again': () => {
      setOnline(true)
    },
    async 'Sign out elsewhere'() {
      const other = world.tab(tab.options)
      await world.until(other.session.signOut())
      other.close()
    },
    'Sign in again': () => world.until(tab.session.signIn(world.grant())),
  }
  return {
    actions: Object.fromEntries(
      Object.entries(all).map(([name, act]) => [
        name,
        () =>
          (turn = turn.then(async () => {
            await act()
            await world.advance('1s')
          })),
      ]),
    ),
  }
}
