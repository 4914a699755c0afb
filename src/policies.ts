import type { Duration } from './types.js'

/** Timeouts for `createSession`. */
export interface Policy {
  readonly idleTimeout: Duration | false
  readonly warnBefore: Duration
  readonly absoluteTimeout: Duration | false
}

/** The names in {@link policies}. */
export type PolicyName = 'nistAal1' | 'nistAal2' | 'nistAal3' | 'pci' | 'hipaa' | 'owaspHigh' | 'owaspLow' | 'govuk'

/**
 * Timeouts with the clause that each comes from. Where a clause leaves a value open (mostly `warnBefore`), its docstring says that
 * the value is our choice. They limit this page alone: the server must enforce the same timeouts (OWASP Session Management Cheat
 * Sheet, "Session Expiration").
 *
 * @example NIST's moderate assurance, with a shorter absolute timeout
 * ```ts
 * createSession({ ...policies.nistAal2, absoluteTimeout: '10h' })
 * ```
 */
export const policies: Readonly<Record<PolicyName, Policy>> & {
  /** NIST SP 800-63B-4 §2.1.3: reauthentication at least every 30 days (SHOULD); an inactivity timeout MAY be applied. The warning is our choice. */
  readonly nistAal1: Policy
  /**
   * NIST SP 800-63B-4 §2.2.3: at most 24 hours, at most 1 hour of inactivity (both SHOULD). The warning is our choice.
   * An absolute timeout of more than 20 hours is exempt from WCAG 2.2 SC 2.2.1.
   */
  readonly nistAal2: Policy
  /** NIST SP 800-63B-4 §2.3.3: at most 12 hours (SHALL), at most 15 minutes of inactivity (SHOULD). The warning is our choice. */
  readonly nistAal3: Policy
  /** PCI DSS v4 8.2.8: at most 15 minutes of inactivity. It requires no absolute timeout: the 12 hours are our choice, as is the warning. */
  readonly pci: Policy
  /**
   * HIPAA, 45 CFR 164.312(a)(2)(iii): automatic logoff after "a predetermined time of inactivity", with no number.
   * The 10 minutes, which are usual in offices, the 12 hours and the warning are our choice, not law.
   */
  readonly hipaa: Policy
  /** OWASP Session Management Cheat Sheet, high-value applications: 2 to 5 minutes idle, 4 to 8 hours in all, of which 4. The warning is our choice. */
  readonly owaspHigh: Policy
  /** OWASP Session Management Cheat Sheet, low-risk applications: 15 to 30 minutes idle, 4 to 8 hours in all, of which 8. The warning is our choice. */
  readonly owaspLow: Policy
  /** The timeout pattern of HMRC and GOV.UK: 15 minutes of inactivity, the dialog 2 minutes before; no absolute timeout. */
  readonly govuk: Policy
} = {
  nistAal1: { idleTimeout: false, warnBefore: '5m', absoluteTimeout: '30d' },
  nistAal2: { idleTimeout: '1h', warnBefore: '5m', absoluteTimeout: '24h' },
  nistAal3: { idleTimeout: '15m', warnBefore: '2m', absoluteTimeout: '12h' },
  pci: { idleTimeout: '15m', warnBefore: '2m', absoluteTimeout: '12h' },
  hipaa: { idleTimeout: '10m', warnBefore: '2m', absoluteTimeout: '12h' },
  owaspHigh: { idleTimeout: '5m', warnBefore: '1m', absoluteTimeout: '4h' },
  owaspLow: { idleTimeout: '30m', warnBefore: '2m', absoluteTimeout: '8h' },
  govuk: { idleTimeout: '15m', warnBefore: '2m', absoluteTimeout: false },
}
