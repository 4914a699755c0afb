/** The entry of the small script build: an idle timeout with a warning and sign-out across tabs, and no tokens. */
export { createSession, isSessionError, SessionError } from './index.js'
