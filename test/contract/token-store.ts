import type { StoredTokens, TokenResponse, TokenStore } from 'sojourn'

/** A place for tokens, made anew for each test, as one or more tabs see it. */
export interface Place {
  /** The store of one tab. Each call is another tab; where `shared` is false, each has a place of its own. */
  tab(): TokenStore
  /** Writes a value that no store has written; undefined if nothing else can write there. */
  spoil?(content: unknown): Promise<void>
  /** Whether nothing is stored. A stored `null` counts as nothing. */
  isEmpty?(): Promise<boolean>
}

export const some: StoredTokens = {
  id: 'session-one',
  generation: 3,
  tokens: {
    access_token: 'access-3',
    refresh_token: 'refresh-3',
    expires_in: 60,
    scope: 'a ü 🙂',
    nested: { deep: [1] },
  },
  expiresAt: 1_800_000_060_000,
}
export const next: StoredTokens = { ...some, generation: 4, tokens: { access_token: 'access-4' }, expiresAt: null }
export const other: StoredTokens = { ...some, id: 'session-two', generation: 3 }

/** The default name, and names that a careless key would confuse with each other or with something else. */
export const names: readonly string[] = [
  'session',
  'shop',
  'admin',
  'session:shop',
  'shop:',
  'shop:1',
  'shop:1:end',
  ':',
  ' ',
  'tokens',
  'key',
  'Shop',
  'shöp',
  'sho\u0308p',
  '__proto__',
  'constructor',
  'x'.repeat(3000),
  'x'.repeat(3001),
]

/** Values that differ from stored tokens, each in one respect. */
export const malformed: readonly unknown[] = [
  null,
  7,
  'text',
  [],
  {},
  { ...some, id: 5 },
  { ...some, generation: '3' },
  { ...some, generation: -1 },
  { ...some, generation: 1.5 },
  { ...some, generation: 2 ** 53 },
  { ...some, tokens: null },
  { ...some, tokens: 'access-3' },
  { ...some, tokens: { refresh_token: 'refresh-3' } },
  { ...some, tokens: { access_token: 3 } },
  { ...some, expiresAt: 'soon' },
  { ...some, expiresAt: undefined },
]

/**
 * The contract of every `TokenStore`, as named tests without a test runner: `test` registers one, and a test that fails throws.
 * So the same suite runs in Node and inside a page.
 */
export function tokenStoreContract(
  test: (name: string, run: () => Promise<void>) => void,
  makePlace: () => Place | Promise<Place>,
): void {
  const check = (name: string, run: (place: Place) => Promise<void>): void => {
    test(name, async () => {
      await run(await makePlace())
    })
  }

  check('an empty store returns no tokens, and a clear removes none', async (place) => {
    const store = place.tab()
    equal(await store.get(), null)
    equal(await store.clear(some.id), null)
  })

  check('tokens are returned exactly as they were stored', async (place) => {
    const store = place.tab()
    equal(await store.set(some), true)
    equal(await store.get(), some)
    equal(await store.set(next), true)
    equal(await store.get(), next)
  })

  check('a write that expects an empty store succeeds in an empty store only', async (place) => {
    const store = place.tab()
    equal(await store.set(some, null), true)
    equal(await store.set(other, null), false)
    equal(await store.get(), some)
  })

  check('a write with a guard succeeds while exactly those tokens are stored', async (place) => {
    const store = place.tab()
    await store.set(some)
    equal(await store.set(next, { id: some.id, generation: 3 }), true)
    equal(await store.get(), next)
  })

  check('a write with a guard changes nothing when another generation is stored', async (place) => {
    const store = place.tab()
    await store.set(some)
    equal(await store.set(next, { id: some.id, generation: 2 }), false)
    equal(await store.set(next, { id: some.id, generation: 4 }), false)
    equal(await store.get(), some)
  })

  check('a write with a guard changes nothing when another session is stored', async (place) => {
    const store = place.tab()
    await store.set(other)
    equal(await store.set(next, { id: some.id, generation: 3 }), false)
    equal(await store.get(), other)
  })

  check(
    'a write with a guard writes nothing into an empty store: the session was signed out meanwhile',
    async (place) => {
      const store = place.tab()
      await store.set(some)
      await store.clear(some.id)
      equal(await store.set(next, { id: some.id, generation: 3 }), false)
      equal(await store.get(), null)
    },
  )

  check('one of many guarded writes at once succeeds', async (place) => {
    const store = place.tab()
    await store.set(some)
    const tabs = store.shared ? [store, place.tab(), place.tab()] : [store]
    const writes = [...tabs, ...tabs, ...tabs].map(async (tab, writer) =>
      tab.set({ ...next, tokens: { access_token: `by-${String(writer)}` } }, { id: some.id, generation: 3 }),
    )
    const written = await Promise.all(writes)
    equal(written.filter(Boolean).length, 1)
    equal((await store.get())?.tokens.access_token, `by-${String(written.indexOf(true))}`)
  })

  check('a clear returns the tokens that it removed, and leaves nothing', async (place) => {
    const store = place.tab()
    await store.set(some)
    equal(await store.clear(some.id), some)
    equal(await store.get(), null)
  })

  check('a clear leaves the tokens of another session', async (place) => {
    const store = place.tab()
    await store.set(other)
    equal(await store.clear(some.id), null)
    equal(await store.get(), other)
  })

  check('one of many clears at once returns the tokens, so that they are revoked once', async (place) => {
    const store = place.tab()
    await store.set(some)
    const tabs = store.shared ? [store, place.tab(), place.tab()] : [store]
    const removed = await Promise.all([...tabs, ...tabs].map(async (tab) => tab.clear(some.id)))
    equal(removed.filter(Boolean), [some])
  })

  check('a refresh and a sign-out at once leave nothing behind, in either order', async (place) => {
    const store = place.tab()
    const tab = store.shared ? place.tab() : store
    await store.set(some)
    const [written, removed] = await Promise.all([store.set(next, { id: some.id, generation: 3 }), tab.clear(some.id)])
    equal(removed, written ? next : some)
    equal(await store.get(), null)
  })

  check('another tab sees the same tokens if and only if the store is shared', async (place) => {
    const [one, two] = [place.tab(), place.tab()]
    await one.set(some)
    equal(await two.get(), one.shared ? some : null)
    await two.clear(some.id)
    equal(await one.get(), one.shared ? null : some)
  })

  check('sessions of different names see, change and remove nothing of each other', async (place) => {
    const store = place.tab()
    // The part of a session knows no other sessions.
    if (!store.forSession) return
    const all = names.map((name, index) => {
      const part = store.forSession?.(name) ?? store
      return { name, part, kept: { ...some, id: `session-${String(index)}` } }
    })
    for (const { name, part, kept } of all) equal(await part.set(kept), true, name)
    for (const { name, part, kept } of all) {
      equal(await part.get(), kept, name)
      equal(await part.set(next, { id: some.id, generation: some.generation }), false, name)
    }
    equal(await store.get(), all[0]?.kept, 'the object itself is the part of the default name')
    for (const { name, part, kept } of all) {
      for (const other of all) if (other.part !== part) equal(await other.part.clear(kept.id), null, name)
      equal(await part.clear(kept.id), kept, name)
      equal(await part.get(), null, name)
    }
    equal(await store.get(), null)
  })

  check('forSession() with the same name again gives the same tokens', async (place) => {
    const store = place.tab()
    if (!store.forSession) return
    await store.forSession('shop').set(some)
    equal(await store.forSession('shop').get(), some)
    equal(await store.get(), null)
    equal(await store.forSession('shop').clear(some.id), some)
  })

  check('a malformed value counts as absent, and can be overwritten', async (place) => {
    if (!place.spoil) return
    const store = place.tab()
    for (const content of malformed) {
      await place.spoil(content)
      equal(await store.get(), null, content)
      equal(await store.set(some), true, content)
      equal(await store.get(), some, content)
    }
  })

  check('a clear removes a malformed value, and returns its tokens if they are readable', async (place) => {
    if (!place.spoil || !place.isEmpty) return
    const store = place.tab()
    for (const content of malformed) {
      const { id, tokens } = Object(content) as Partial<Record<string, unknown>>
      const isReadable = typeof (Object(tokens) as Partial<TokenResponse>).access_token === 'string'
      // A value of another session stays. One without an id lies in the place of this session, and is removed.
      await place.spoil(content)
      if (typeof id === 'string') {
        equal(await store.clear('no such session'), null, content)
        equal(await place.isEmpty(), false, content)
      }
      const removed = await store.clear(some.id)
      equal(removed && { id: removed.id, tokens: removed.tokens }, isReadable ? { id: some.id, tokens } : null, content)
      equal(await place.isEmpty(), true, content)
    }
  })
}

function equal(actual: unknown, expected: unknown, about?: unknown): void {
  const [is, wanted] = [canonical(actual), canonical(expected)]
  if (is === wanted) return
  throw new Error(`expected ${wanted}, got ${is}${about === undefined ? '' : `, for ${canonical(about)}`}`)
}

/** JSON with sorted keys: structured clones may order them anew. */
function canonical(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Object && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  ) as string | undefined
  return text ?? String(value)
}
