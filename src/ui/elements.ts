/** One more element, named for style sheets of the page (`::part(name)`) and for other elements of its shadow root. */
export function add<Tag extends keyof HTMLElementTagNameMap>(
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
