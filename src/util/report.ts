/** Reports an error that the application's own code threw, as the browser reports one of an event listener. */
export function report(error: unknown): void {
  // Firefox has `reportError` since 93, Chrome since 95.
  // eslint-disable-next-line no-console -- an error of the application, which would otherwise be lost
  const tell = (globalThis as { reportError?: (error: unknown) => void }).reportError ?? console.error
  try {
    tell(error)
  } catch {
    // The page's own `reportError` threw.
  }
}
