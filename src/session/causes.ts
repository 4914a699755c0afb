/** Signs that time may have passed. */
export type WakeCause =
  | 'pageshow'
  | 'pagehide'
  | 'focus'
  | 'blur'
  | 'online'
  | 'visibilitychange'
  | 'hidden'
  | 'resume'
  | 'prerenderingchange'

/** Every reason for a step of the session. */
export type Cause =
  | WakeCause
  // The application.
  | 'start'
  | 'signIn'
  | 'signOut'
  | 'setTokens'
  | 'limits'
  | 'extend'
  | 'hold'
  | 'watch'
  | 'check'
  // The user, the one timer, and a look at the clock before something is done.
  | 'activity'
  | 'timer'
  | 'look'
  // Other tabs.
  | 'storage'
  | 'channel'
  | 'adopted'
  | 'wiped'
  // The server.
  | 'claimed'
  | 'server'
  | 'refresh'
  | 'refreshed'
  | 'refresh failed'
  | 'rejected'
