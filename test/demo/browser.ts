/** A browser's part of a sign-in: cookies, redirects that are followed by hand, and the login form. */
export interface Browser {
  /** Cookies by name. */
  readonly cookies: Map<string, string>
  /** One request, no redirect followed. */
  readonly go: (url: string, init?: RequestInit) => Promise<Response>
  /** Follows redirects from `url`, signs in on the way, and says where the way ends: at `end`, or at the first page. */
  readonly signIn: (url: string, name: string, end: string) => Promise<URL>
}

export function createBrowser(origin: string): Browser {
  const cookies = new Map<string, string>()
  const go: Browser['go'] = async (url, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
    const response = await fetch(new URL(url, origin), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/;\s*max-age=0/i.test(line) || /expires=thu, 01 jan 1970/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  return {
    cookies,
    go,
    async signIn(url, name, end) {
      let at = new URL(url, origin)
      for (let steps = 0; steps < 10; steps++) {
        const isForm = at.pathname.startsWith('/login/')
        const response = await go(at.href, isForm ? { method: 'POST', body: new URLSearchParams({ name }) } : {})
        const location = response.headers.get('location')
        if (!location) return at
        at = new URL(location, at)
        if (at.pathname === end) return at
      }
      throw new Error('This goes round in circles.')
    },
  }
}
