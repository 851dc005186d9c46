import type { Browser, PageElement, PageEvent } from './dom.js'

interface WindowLike {
  readonly document: {
    readonly documentElement: unknown
    getElementById(id: string): PageElement
    createElement(tag: string): PageElement
  }
  readonly devicePixelRatio: number
  getComputedStyle(element: unknown): { getPropertyValue(name: string): string }
  requestAnimationFrame(run: () => void): void
  addEventListener(type: string, listen: (event: PageEvent) => void): void
  matchMedia(query: string): { addEventListener(type: 'change', listen: (event: PageEvent) => void): void }
}

/** The page's own window, as the other parts want to see it. */
export function browserOfPage(window: WindowLike): Browser {
  const { document } = window
  return {
    byId: (id) => document.getElementById(id),
    create: (tag) => document.createElement(tag),
    colour: (name) => window.getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
    ratio: () => window.devicePixelRatio || 1,
    nextFrame: (run) => window.requestAnimationFrame(run),
    on: (type, listen) => {
      if (type !== 'colours') window.addEventListener(type, listen)
      else window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', listen)
    },
  }
}
