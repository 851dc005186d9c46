/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Brush } from './dom.js'
import type { Geometry } from './geometry.js'
import type { Labels } from './labels.js'
import type { Colours, Scene } from './scene.js'

/** What all parts of the drawing need. */
export interface Pen {
  readonly geometry: Geometry
  readonly labels: Labels
  readonly stroke: (brush: Brush, colour: string, width: number, dash?: readonly number[]) => void
  readonly line: (brush: Brush, x1: number, y1: number, x2: number, y2: number) => void
  readonly inWindow: (scene: Scene, fromMs: number, toMs: number) => boolean
  /** Half the width of reigns and blocks. */
  readonly half: (view: Scene['view']) => number
  readonly termColour: (colours: Colours, term: number) => string
}

export function penOfPage(geometry: Geometry, labels: Labels): Pen {
  const half = (view: Scene['view']): number => Math.max(4, Math.min(11, geometry.spacing(view) * 0.11))
  const termColour = ({ terms }: Colours, term: number): string =>
    terms[Math.max(0, term - 1) % terms.length] ?? ''

  function stroke(brush: Brush, colour: string, width: number, dash: readonly number[] = []): void {
    brush.strokeStyle = colour
    brush.lineWidth = width
    brush.setLineDash(dash)
    brush.stroke()
  }

  function line(brush: Brush, x1: number, y1: number, x2: number, y2: number): void {
    brush.moveTo(x1, y1)
    brush.lineTo(x2, y2)
  }

  function inWindow({ view }: Scene, fromMs: number, toMs: number): boolean {
    return toMs >= view.topMs && fromMs <= geometry.bottomMs(view)
  }

  return { geometry, labels, stroke, line, inWindow, half, termColour }
}
