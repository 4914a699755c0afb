import { User, UserManager, WebStorageStateStore } from 'oidc-client-ts'

const manager = new UserManager({
  authority: location.origin,
  metadata: { issuer: `${location.origin}/`, token_endpoint: `${location.origin}/token` },
  client_id: 'app',
  redirect_uri: location.origin,
  scope: 'openid offline_access',
  userStore: new WebStorageStateStore({ store: localStorage }),
})

window.peer = {
  seed: (tokens, profile) =>
    manager.storeUser(new User({ ...tokens, expires_at: Math.floor(Date.now() / 1000) - 1, profile })),
  async token() {
    const user = await manager.getUser()
    return (user?.expired ? await manager.signinSilent() : user)?.access_token
  },
  signOut: () => manager.removeUser(),
  isSignedIn: async () => Boolean(await manager.getUser()),
}
