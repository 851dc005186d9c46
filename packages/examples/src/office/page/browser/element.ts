/// <reference lib="dom" />

type Attributes = Readonly<Record<string, string | boolean>>

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children)
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

function filled<E extends Element>(
  element: E,
  attributes: Attributes,
  children: readonly (Node | string)[],
): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string') element.setAttribute(name, value)
    else element.toggleAttribute(name, value)
  }
  element.append(...children)
  return element
}

/** The element of the page with this id. */
export function byId<E extends Element>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} with the id ${id}.`)
  return found
}

/** Makes `parent` have exactly these children in this order, without touching those that are right already. */
export function arrange(parent: Element, wanted: readonly Element[]): void {
  const keep = new Set(wanted)
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove()
  let at = parent.firstElementChild
  for (const element of wanted) {
    if (element === at) at = at.nextElementSibling
    else parent.insertBefore(element, at)
  }
}

/** Sets a text only when it is another, so that screen readers do not say it again. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Names are lower case where they are folders. */
export function person(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
