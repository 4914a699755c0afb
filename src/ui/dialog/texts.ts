/** The texts of the dialog. `remaining` is a length of time in words, such as `1 minute 20 seconds`, written by `Intl` for the locale. */
export interface DialogTexts {
  /** The heading, which is in the title of a hidden tab as well. */
  title: string
  /** What happens, and when. */
  message(remaining: string): string
  /** The button that extends the session. */
  stay: string
  /** The button that ends it. */
  signOut: string
  /** Shown in place of `message` if the session cannot be extended. */
  cannotExtend(remaining: string): string
  /** The button in place of `stay` then. It closes the dialog and changes nothing. */
  dismiss: string
  /** Shown if the server did not agree to an extension, or could not be reached. */
  notReached: string
}

export const english: DialogTexts = {
  title: 'You are about to be signed out',
  message: (remaining) => `You have not been active for a while. You will be signed out in ${remaining}.`,
  stay: 'Stay signed in',
  signOut: 'Sign out',
  cannotExtend: (remaining) =>
    `You will be signed out in ${remaining}, and cannot stay any longer. Save your work now.`,
  dismiss: 'OK',
  notReached: 'The server could not be reached. Please try again.',
}

/** Formats seconds in words of a locale: `1 minute 20 seconds`. Throws a RangeError for a tag that is no locale. */
export function durationFormat(locale: string): (seconds: number) => string {
  const unit = (name: string): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' })
  const [minutes, rest] = [unit('minute'), unit('second')]
  const list = new Intl.ListFormat(locale, { type: 'unit', style: 'narrow' })
  return (seconds) =>
    list.format([
      ...(seconds < 60 ? [] : [minutes.format(Math.floor(seconds / 60))]),
      ...(seconds % 60 ? [rest.format(seconds % 60)] : []),
    ])
}
