/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Arrows } from './arrows.js'
import type { Blocks } from './blocks.js'
import type { Brush } from './dom.js'
import type { Marks } from './marks.js'
import type { Pen } from './pen.js'
import type { Scene } from './scene.js'

export interface Painter {
  readonly paint: (brush: Brush, scene: Scene) => void
  /** The whole run in a narrow strip, with a frame around what is on the screen. */
  readonly overview: (brush: Brush, scene: Scene, width: number, height: number) => void
  /** Half the width of reigns and blocks. */
  readonly half: Pen['half']
}

export function painterOfPage(pen: Pen, blocks: Blocks, arrows: Arrows, marks: Marks): Painter {
  const { geometry, labels, stroke, line, half, termColour } = pen
  const { y } = geometry

  function times(brush: Brush, scene: Scene): void {
    const { view, colours } = scene
    brush.font = `11.5px ${colours.font}`
    brush.textAlign = 'left'
    brush.textBaseline = 'middle'
    brush.beginPath()
    for (const { ms } of geometry.ticks(view)) {
      const at = Math.round(y(view, ms)) + 0.5
      line(brush, 76, at, view.width, at)
    }
    stroke(brush, colours.rule, 1)
    brush.fillStyle = colours.quiet
    for (const { ms, text } of geometry.ticks(view)) brush.fillText(text, 14, y(view, ms))
  }

  /** From behind to the front; then the words, the most important ones first. */
  function paint(brush: Brush, scene: Scene): void {
    const { view, colours } = scene
    labels.clear()
    brush.fillStyle = colours.paper
    brush.fillRect(0, 0, view.width, view.height)
    brush.lineCap = 'butt'
    times(brush, scene)
    blocks.lifelines(brush, scene)
    blocks.spans(brush, scene)
    arrows.arrows(brush, scene)
    arrows.spotlight(brush, scene, scene.hot, 2)
    arrows.spotlight(brush, scene, scene.pinned, 3)
    marks.contradiction(brush, scene)
    marks.flags(brush, scene)
    marks.faults(brush, scene)
    blocks.captions(brush, scene)
    arrows.words(brush, scene)
    marks.notes(brush, scene)
  }

  function overview(brush: Brush, scene: Scene, width: number, height: number): void {
    const { chart, view, colours } = scene
    const inner = height - 8
    const at = (ms: number): number => 4 + (ms / Math.max(1, chart.endMs)) * inner
    const wide = (width - 12) / Math.max(1, chart.nodes.length)
    brush.clearRect(0, 0, width, height)
    for (const span of chart.spans) {
      if (span.text === 'not started yet') continue
      const isReign = span.kind === 'reign'
      brush.fillStyle = isReign
        ? termColour(colours, span.term)
        : span.kind === 'fault'
          ? colours.fault
          : colours.block
      brush.globalAlpha = isReign ? 0.8 : 0.5
      const left = span.node < 0 ? 1 : 8 + span.node * wide
      const size = Math.max(1, at(span.toMs) - at(span.fromMs))
      brush.fillRect(left, at(span.fromMs), span.node < 0 ? 3 : Math.max(2, wide - 1), size)
    }
    brush.globalAlpha = 1
    brush.fillStyle = colours.fault
    for (const { kind, atMs } of chart.notes) if (kind === 'fault') brush.fillRect(0, at(atMs), 6, 1.5)
    brush.fillStyle = colours.wrong
    for (const { atMs } of chart.contradiction?.events ?? []) brush.fillRect(0, at(atMs) - 1, width, 2.5)
    const top = Math.max(1, at(view.topMs))
    const bottom = Math.min(height - 1, at(geometry.bottomMs(view)))
    brush.beginPath()
    brush.roundRect(1, top, width - 2, Math.max(5, bottom - top), 3)
    stroke(brush, colours.ink, 1.5)
  }

  return { paint, overview, half }
}
