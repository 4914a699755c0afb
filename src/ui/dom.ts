/** One more element, named for style sheets of the page (`::part(name)`) and for other elements of its shadow root. */
export function addElement<Tag extends keyof HTMLElementTagNameMap>(
  parent: Node,
  tag: Tag,
  name: string,
  role?: string,
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  element.id = name
  element.part = name
  if (role) element.setAttribute('role', role)
  parent.appendChild(element)
  return element
}

/** The element with the focus, in shadow trees and frames of this origin too. */
export function activeElement(): HTMLElement | null {
  let element = document.activeElement as (HTMLElement & Partial<HTMLIFrameElement>) | null
  for (let inner; (inner = (element?.shadowRoot ?? element?.contentDocument)?.activeElement);)
    element = inner as HTMLElement
  return element
}
