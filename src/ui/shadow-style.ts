/**
 * Styles a shadow root without a style element or attribute, which a strict Content Security Policy forbids.
 *
 * Safari has constructed style sheets since 16.4, Firefox since 101. In older versions each element gets the declarations of the
 * rules that it matches now; rules for states such as `:hover`, and for media, are lost.
 */
export function applyStyle(root: ShadowRoot, css: string): void {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    root.adoptedStyleSheets = [sheet]
  } catch {
    for (const [, selector = '', declarations = ''] of css.matchAll(/([^{}]+){([^{}]*)}/g))
      for (const element of selector.includes(':host')
        ? [root.host as HTMLElement]
        : root.querySelectorAll<HTMLElement>(selector))
        element.style.cssText += declarations
  }
}
