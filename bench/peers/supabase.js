import { AuthClient } from '@supabase/auth-js'

const client = new AuthClient({
  url: location.origin,
  storageKey: 'supabase',
  storage: localStorage,
})

window.peer = {
  seed(tokens, { sub }) {
    const session = { ...tokens, expires_in: 1, expires_at: Math.floor(Date.now() / 1000) - 1, user: { id: sub } }
    localStorage.setItem('supabase', JSON.stringify(session))
  },
  async token() {
    const { data, error } = await client.getSession()
    if (error) throw error
    return data.session?.access_token
  },
  signOut: () => client.signOut({ scope: 'local' }),
  isSignedIn: () => localStorage.getItem('supabase') !== null,
}
