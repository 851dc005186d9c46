/*
 * The few things of a browser that the page uses: core is compiled without the DOM, which is not for the rest of
 * it to see.
 */

/** A canvas context. */
export interface Brush {
  fillStyle: unknown
  strokeStyle: unknown
  lineWidth: number
  lineCap: 'butt' | 'round'
  lineJoin: 'miter' | 'round'
  globalAlpha: number
  font: string
  textAlign: 'left' | 'right' | 'center'
  textBaseline: 'alphabetic' | 'middle' | 'top'
  beginPath(): void
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void
  arc(x: number, y: number, radius: number, from: number, to: number): void
  roundRect(x: number, y: number, width: number, height: number, radius: number): void
  closePath(): void
  stroke(): void
  fill(): void
  clip(): void
  fillRect(x: number, y: number, width: number, height: number): void
  strokeRect(x: number, y: number, width: number, height: number): void
  clearRect(x: number, y: number, width: number, height: number): void
  fillText(text: string, x: number, y: number): void
  strokeText(text: string, x: number, y: number): void
  measureText(text: string): { readonly width: number }
  setLineDash(dash: readonly number[]): void
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void
  translate(x: number, y: number): void
  rotate(angle: number): void
  save(): void
  restore(): void
}

export interface PageEvent {
  readonly clientX: number
  readonly clientY: number
  readonly deltaY: number
  readonly buttons: number
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly target: PageElement
  preventDefault(): void
}

export interface PageElement {
  textContent: string | null
  className: string
  hidden: boolean
  checked: boolean
  disabled: boolean
  indeterminate: boolean
  type: string
  width: number
  height: number
  scrollTop: number
  readonly tagName: string
  readonly clientWidth: number
  readonly clientHeight: number
  readonly offsetWidth: number
  readonly offsetHeight: number
  readonly style: Record<string, string>
  readonly dataset: Record<string, string | undefined>
  append(...children: readonly (PageElement | string)[]): void
  replaceChildren(...children: readonly (PageElement | string)[]): void
  setAttribute(name: string, value: string): void
  getBoundingClientRect(): { readonly left: number; readonly top: number }
  querySelectorAll(selector: string): Iterable<PageElement>
  getContext(kind: '2d'): Brush
  addEventListener(type: string, listen: (event: PageEvent) => void, options?: { passive: boolean }): void
}

/** Window and document in one. */
export interface Browser {
  readonly byId: (id: string) => PageElement
  readonly create: (tag: string) => PageElement
  /** A custom property of the style sheet. */
  readonly colour: (name: string) => string
  readonly ratio: () => number
  readonly nextFrame: (run: () => void) => void
  readonly on: (
    type: 'resize' | 'beforeprint' | 'afterprint' | 'keydown' | 'colours',
    listen: (event: PageEvent) => void,
  ) => void
}
