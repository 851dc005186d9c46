import { runInNewContext } from 'node:vm'

/** As much of a browser as the page needs to draw itself once, and to be clicked. */
export interface FakePage {
  /** What stands on the canvas since the last drawing. */
  readonly written: string[]
  /** Calls the listeners of an element, and lets it draw. */
  act(id: string, type: string, event?: object): void
  text(id: string): string
}

interface FakeElement {
  [name: string]: unknown
  readonly listeners: Map<string, (event: object) => void>
  children: (FakeElement | string)[]
}

const textOf = (node: FakeElement | string): string =>
  typeof node === 'string'
    ? node
    : `${String(node['textContent'] ?? '')}${node.children.map(textOf).join(' ')}`

function element(written: string[]): FakeElement {
  const methods: Record<string, unknown> = {
    measureText: (text: string) => ({ width: text.length * 6 }),
    fillText: (text: string) => void written.push(text),
    fillRect: (x: number, y: number, width: number) => {
      // The painter begins with the whole paper.
      if (x === 0 && y === 0 && width > 500) written.length = 0
    },
  }
  const brush = new Proxy(methods, { get: (all, name) => all[String(name)] ?? (() => {}), set: () => true })
  const made: FakeElement = {
    listeners: new Map(),
    children: [],
    style: {},
    dataset: {},
    clientWidth: 1_000,
    clientHeight: 800,
    offsetWidth: 100,
    offsetHeight: 40,
    scrollTop: 0,
    setAttribute: () => {},
    getContext: () => brush,
    getBoundingClientRect: () => ({ left: 0, top: 0 }),
    querySelectorAll: () => [],
  }
  made['append'] = (...children: FakeElement[]) => made.children.push(...children)
  made['replaceChildren'] = (...children: FakeElement[]) => void (made.children = children)
  made['addEventListener'] = (type: string, listen: (event: object) => void) =>
    made.listeners.set(type, listen)
  return made
}

/** Runs the script of a picture, which sees nothing but this. */
export function openPage(html: string): FakePage {
  const written: string[] = []
  const elements = new Map<string, FakeElement>()
  const byId = (id: string): FakeElement => {
    let found = elements.get(id)
    if (found === undefined) elements.set(id, (found = element(written)))
    return found
  }
  byId('chart')['textContent'] = /id="chart">(.*?)<\/script>/s.exec(html)?.[1]
  const document = {
    documentElement: {},
    getElementById: byId,
    createElement: () => element(written),
  }
  const window = {
    document,
    devicePixelRatio: 1,
    getComputedStyle: () => ({ getPropertyValue: (name: string) => name }),
    requestAnimationFrame: (run: () => void) => run(),
    addEventListener: () => {},
    matchMedia: () => ({ addEventListener: () => {} }),
  }
  runInNewContext(/<script>(.*)<\/script>/s.exec(html)?.[1] ?? '', { window, document })
  return {
    written,
    act: (id, type, event = {}) => byId(id).listeners.get(type)?.({ preventDefault: () => {}, ...event }),
    text: (id) => textOf(byId(id)),
  }
}
