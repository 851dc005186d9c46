/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { ChartSpan } from '../chart.js'
import type { Brush } from './dom.js'
import type { Pen } from './pen.js'
import type { Scene } from './scene.js'

/** Lifelines, and what stands on them: reigns, crashes, pauses. */
export interface Blocks {
  readonly lifelines: (brush: Brush, scene: Scene) => void
  readonly spans: (brush: Brush, scene: Scene) => void
  /** A word beside each reign and block; it stays on the screen as long as any of the block does. */
  readonly captions: (brush: Brush, scene: Scene) => void
}

export function blocksOfPage({ geometry, labels, stroke, line, inWindow, half, termColour }: Pen): Blocks {
  const { x, y } = geometry
  const isDown = ({ kind }: ChartSpan): boolean => kind === 'down' || kind === 'no power'

  /** From the first start to the end, without the time in which it was down. */
  function lifelines(brush: Brush, scene: Scene): void {
    const { chart, view, colours } = scene
    brush.beginPath()
    for (const column of view.columns) {
      const at = x(view, column) ?? 0
      let fromMs = 0
      for (const span of chart.spans) {
        if (span.node !== column || !isDown(span)) continue
        if (span.fromMs > fromMs) line(brush, at, y(view, fromMs), at, y(view, span.fromMs))
        fromMs = Math.max(fromMs, span.toMs)
      }
      if (fromMs < chart.endMs) line(brush, at, y(view, fromMs), at, y(view, chart.endMs))
    }
    stroke(brush, colours.line, 1.25)
    brush.beginPath()
    const end = Math.round(y(view, chart.endMs)) + 0.5
    line(brush, view.gutter, end, view.width - 12, end)
    stroke(brush, colours.line, 1, [1, 4])
  }

  interface Box {
    readonly left: number
    readonly top: number
    readonly width: number
    readonly height: number
  }

  /** Where a span stands, cut to a little more than the window. */
  function boxOf(scene: Scene, span: ChartSpan): Box | null {
    const { view } = scene
    const at = x(view, span.node)
    if (at === null || !inWindow(scene, span.fromMs, span.toMs)) return null
    const top = Math.max(-20, y(view, span.fromMs))
    const bottom = Math.min(view.height + 20, y(view, span.toMs))
    const wide = half(view)
    return { left: at - wide, top, width: wide * 2, height: Math.max(2, bottom - top) }
  }

  function reign(brush: Brush, scene: Scene, span: ChartSpan): void {
    const box = boxOf(scene, span)
    if (box === null) return
    const colour = termColour(scene.colours, span.term)
    brush.beginPath()
    brush.roundRect(box.left, box.top, box.width, box.height, Math.min(5, box.height / 2))
    brush.fillStyle = colour
    brush.globalAlpha = 0.3
    brush.fill()
    brush.globalAlpha = 1
    brush.fillRect(box.left, box.top, 2.5, box.height)
  }

  function hatch(brush: Brush, box: Box, colour: string, slope: 1 | -1, gap: number): void {
    brush.save()
    brush.beginPath()
    brush.roundRect(box.left, box.top, box.width, box.height, 3)
    brush.clip()
    brush.beginPath()
    // From a fixed grid, so that the lines stand still while the page scrolls.
    for (let at = box.top - box.width; at < box.top + box.height + box.width; at += gap) {
      line(brush, box.left, at + slope * box.width, box.left + box.width, at)
      if (slope < 0) line(brush, box.left, at, box.left + box.width, at + box.width)
    }
    stroke(brush, colour, 1)
    brush.restore()
  }

  function block(brush: Brush, scene: Scene, span: ChartSpan): void {
    const box = boxOf(scene, span)
    if (box === null || span.text === 'not started yet') return
    const { colours } = scene
    const solid = span.kind === 'no power'
    brush.beginPath()
    brush.roundRect(box.left, box.top, box.width, box.height, 3)
    brush.fillStyle = solid ? colours.block : colours.paper
    brush.fill()
    if (span.kind === 'down') hatch(brush, box, colours.block, 1, 6)
    if (span.kind === 'fault') hatch(brush, box, colours.fault, 1, 6)
    if (span.kind === 'asleep') hatch(brush, box, colours.quiet, -1, 14)
    brush.beginPath()
    brush.roundRect(box.left, box.top, box.width, box.height, 3)
    const dash = span.kind === 'paused' || span.kind === 'asleep' ? [3, 3] : []
    stroke(brush, span.kind === 'fault' ? colours.fault : colours.block, 1.25, dash)
    if (span.kind === 'paused' && box.height > 14) {
      const middle = Math.max(16, Math.min(scene.view.height - 16, box.top + box.height / 2))
      const inside = box.left + box.width / 2
      brush.fillStyle = colours.block
      brush.fillRect(inside - 4, middle - 5, 2.5, 10)
      brush.fillRect(inside + 1.5, middle - 5, 2.5, 10)
    }
  }

  function spans(brush: Brush, scene: Scene): void {
    for (const span of scene.chart.spans) if (span.kind === 'reign') reign(brush, scene, span)
    for (const span of scene.chart.spans) {
      if (span.kind !== 'reign' && span.node >= 0) block(brush, scene, span)
    }
  }

  function captions(brush: Brush, scene: Scene): void {
    const { chart, view, colours } = scene
    brush.font = `600 11px ${colours.font}`
    for (const span of chart.spans) {
      const box = boxOf(scene, span)
      if (box === null || span.text === 'not started yet') continue
      const isReign = span.kind === 'reign'
      const text = isReign && span.term >= 0 ? `term ${span.term}` : isReign ? span.text : span.kind
      const at = Math.max(12, box.top + (isReign ? 8 : Math.min(10, box.height / 2)))
      if (at > box.top + box.height + 8 && isReign) continue
      const place = {
        x: box.left - 6,
        y: at,
        align: 'right' as const,
        width: Math.max(54, geometry.spacing(view) / 2 - half(view) - 8),
        colour: isReign ? termColour(colours, span.term) : colours.block,
        paper: colours.paper,
      }
      labels.write(brush, text, place)
    }
  }

  return { lifelines, spans, captions }
}
