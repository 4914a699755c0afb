import { dev } from '$app/env'

/** `__Host-`: no other host can set it. That needs `Secure`, which not every browser takes on http://localhost. */
export const COOKIE = dev ? 'session' : '__Host-session'

export const cookieOptions = { httpOnly: true, secure: !dev, sameSite: 'lax', path: '/' } as const
