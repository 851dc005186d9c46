/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Brush } from './dom.js'
import type { Segment } from './geometry.js'
import type { Pen } from './pen.js'
import type { Scene } from './scene.js'

/** Messages: lines with a head where they arrived and a cross where they were lost. */
export interface Arrows {
  readonly arrows: (brush: Brush, scene: Scene) => void
  /** One of them, so that it stands out. */
  readonly spotlight: (brush: Brush, scene: Scene, i: number | null, width: number) => void
  /** What they say, where there is room. */
  readonly words: (brush: Brush, scene: Scene) => void
}

export function arrowsOfPage({ geometry, labels, stroke, line, half }: Pen): Arrows {
  function head(brush: Brush, { x1, y1, x2, y2 }: Segment, size: number): void {
    const length = Math.hypot(x2 - x1, y2 - y1) || 1
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length]
    brush.moveTo(x2, y2)
    brush.lineTo(x2 - size * ux + size * 0.42 * uy, y2 - size * uy - size * 0.42 * ux)
    brush.lineTo(x2 - size * ux - size * 0.42 * uy, y2 - size * uy + size * 0.42 * ux)
    brush.closePath()
  }

  function cross(brush: Brush, { x2, y2 }: Segment, size: number): void {
    line(brush, x2 - size, y2 - size, x2 + size, y2 + size)
    line(brush, x2 - size, y2 + size, x2 + size, y2 - size)
  }

  /** One path for all messages that look alike: a canvas is fast in long strokes and slow in many. */
  function arrows(brush: Brush, scene: Scene): void {
    const { chart, messages, view, colours, shown } = scene
    const groups = new Map<number, { segment: Segment; fate: number }[]>()
    for (const i of shown) {
      const segment = geometry.segment(view, messages, i)
      const sort = chart.sorts[chart.words[messages.word[i] ?? 0]?.[1] ?? 0]
      if (segment === null || sort === undefined) continue
      const group = groups.get(sort.family) ?? []
      if (group.length === 0) groups.set(sort.family, group)
      group.push({ segment, fate: messages.fate[i] ?? 0 })
    }
    const dense = shown.length > 1_500
    for (const [family, group] of groups) {
      const colour = colours.families[family] ?? colours.ink
      for (const fate of [0, 1, 2]) {
        const all = group.filter((one) => one.fate === fate)
        if (all.length === 0) continue
        brush.globalAlpha = fate === 1 ? 0.9 : dense ? 0.3 : 0.85
        brush.beginPath()
        for (const { segment } of all) line(brush, segment.x1, segment.y1, segment.x2, segment.y2)
        stroke(brush, colour, 1.1, fate === 0 ? [] : fate === 1 ? [5, 3] : [2, 3])
        brush.globalAlpha = 1
        brush.beginPath()
        if (fate === 1) {
          for (const { segment } of all) cross(brush, segment, 4)
          stroke(brush, colour, 2)
        } else if (fate === 0 && !dense) {
          for (const { segment } of all) head(brush, segment, 7)
          brush.fillStyle = colour
          brush.fill()
        }
      }
    }
    brush.globalAlpha = 1
  }

  function spotlight(brush: Brush, scene: Scene, i: number | null, width: number): void {
    if (i === null) return
    const { messages, view, colours } = scene
    const segment = geometry.segment(view, messages, i)
    if (segment === null) return
    brush.beginPath()
    line(brush, segment.x1, segment.y1, segment.x2, segment.y2)
    stroke(brush, colours.ink, width)
    brush.beginPath()
    if (messages.fate[i] === 1) {
      cross(brush, segment, 5)
      stroke(brush, colours.ink, width)
    } else {
      head(brush, segment, 10)
      brush.fillStyle = colours.ink
      brush.fill()
    }
    brush.beginPath()
    brush.arc(segment.x1, segment.y1, 3.5, 0, 7)
    brush.fill()
  }

  /** Another line runs where its label would stand. Of a bundle, only the first has its words beside it. */
  function crowded(lines: readonly Segment[], { x1, y1, x2 }: Segment, away: number): boolean {
    const at = x1 + (x2 > x1 ? 1 : -1) * (away + 20)
    for (let k = lines.length - 2; k >= Math.max(0, lines.length - 80); k--) {
      const other = lines[k]
      if (other === undefined || at < Math.min(other.x1, other.x2) || at > Math.max(other.x1, other.x2))
        continue
      const across = (at - other.x1) / (other.x2 - other.x1 || 1)
      const above = y1 - (other.y1 + across * (other.y2 - other.y1))
      if (above > 1.5 && above < 14) return true
    }
    return false
  }

  function words(brush: Brush, scene: Scene): void {
    const { chart, messages, view, colours, shown } = scene
    if (shown.length > 900) return
    brush.font = `11px ${colours.font}`
    const lines: Segment[] = []
    for (const i of shown) {
      const segment = geometry.segment(view, messages, i)
      if (segment !== null) lines.push(segment)
      const [text = '', sort = 0] = chart.words[messages.word[i] ?? 0] ?? []
      if (segment === null || segment.y1 < -10 || segment.y1 > view.height + 10) continue
      const { x1, y1, x2, y2 } = segment
      const right = x2 > x1
      const angle = Math.atan((y2 - y1) / (x2 - x1 || 1))
      const away = half(view) + 6
      if (Math.abs(angle) > 0.9 || crowded(lines, segment, away)) continue
      const place = {
        x: x1 + (right ? away : -away),
        y: y1 + Math.abs(Math.tan(angle)) * away - 7,
        align: right ? ('left' as const) : ('right' as const),
        width: Math.min(260, Math.abs(x2 - x1) - away - 12),
        angle,
        colour: colours.families[chart.sorts[sort]?.family ?? 0] ?? colours.ink,
        paper: colours.paper,
      }
      labels.write(brush, text, place)
    }
  }

  return { arrows, spotlight, words }
}
