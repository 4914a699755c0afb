/** What the dialog says. `remaining` is a length of time in words, `1 minute 20 seconds`, made by `Intl` for the locale. */
export interface DialogTexts {
  title: string
  message(remaining: string): string
  stay: string
  signOut: string
  /** In place of `message` where nothing can move the end. */
  cannotExtend(remaining: string): string
  /** In place of `stay` there: closes the dialog and changes nothing. */
  dismiss: string
  /** The server did not agree to an extension, or could not be asked. */
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

/** Seconds in the words of a locale: `1 minute 20 seconds`. Throws a RangeError for what is no locale. */
export function durationFormat(name: string): (seconds: number) => string {
  // Many servers and libraries for translation write `de_DE`, which Intl refuses.
  const locale = name.replace(/_/g, '-')
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
