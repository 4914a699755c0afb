const secure = !import.meta.dev

/** `__Host-`: no other host can set it. That needs `Secure`, which not every browser takes on http://localhost. */
export const COOKIE = secure ? '__Host-session' : 'session'

export const cookieOptions = { httpOnly: true, secure, sameSite: 'lax', path: '/' } as const
