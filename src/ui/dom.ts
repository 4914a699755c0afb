/** Adds an element, named for the page's style sheets (`::part(name)`) and by its id for the other elements of its shadow root. */
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

/** The element that has the focus, also inside shadow trees and frames of this origin. */
export function activeElement(): HTMLElement | null {
  let element = document.activeElement as (HTMLElement & Partial<HTMLIFrameElement>) | null
  for (let inner; (inner = (element?.shadowRoot ?? element?.contentDocument)?.activeElement);)
    element = inner as HTMLElement
  return element
}
