/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { ChartNote } from '../chart.js'
import type { Brush } from './dom.js'
import type { View } from './geometry.js'
import type { Pen } from './pen.js'
import type { Scene } from './scene.js'

/** Faults in the margin, notes at the columns, and the contradiction. */
export interface Marks {
  readonly faults: (brush: Brush, scene: Scene) => void
  readonly notes: (brush: Brush, scene: Scene) => void
  readonly contradiction: (brush: Brush, scene: Scene) => void
  /** The sentences of the contradiction. */
  readonly flags: (brush: Brush, scene: Scene) => void
}

export function marksOfPage({ geometry, labels, stroke, line, inWindow, half }: Pen): Marks {
  const { x, y } = geometry

  /** Faults in the margin: a bar as long as they last, and their words. */
  function faults(brush: Brush, scene: Scene): void {
    const { chart, view, colours } = scene
    const edge = view.gutter - 14
    /** When each lane is free again: faults that overlap stand side by side. */
    const lanes: number[] = []
    const told = new Set<string>()
    const all: { readonly fromMs: number; readonly toMs: number; readonly text: string }[] = [
      ...chart.spans.filter((span) => span.kind === 'fault' && span.node < 0),
    ]
    for (const { atMs, text, kind } of chart.notes) {
      if (kind === 'fault') all.push({ fromMs: atMs, toMs: atMs, text })
    }
    brush.font = `500 11.5px ${colours.font}`
    let freeFrom = -Infinity
    for (const { fromMs, toMs, text } of all.toSorted((a, b) => a.fromMs - b.fromMs || b.toMs - a.toMs)) {
      const key = `${fromMs} ${text}`
      if (told.has(key)) continue
      told.add(key)
      const free = lanes.findIndex((freeMs) => freeMs <= fromMs)
      const lane = free < 0 ? lanes.length : free
      lanes[lane] = Math.max(toMs, fromMs + 1)
      if (!inWindow(scene, fromMs, toMs)) continue
      const top = y(view, fromMs)
      const bar = edge - Math.min(lane, 3) * 9
      brush.beginPath()
      line(brush, bar, top, view.width - 12, top)
      stroke(brush, colours.fault, 1, [2, 4])
      brush.beginPath()
      line(brush, bar, Math.max(-5, top), bar, Math.min(view.height + 5, Math.max(top + 1, y(view, toMs))))
      stroke(brush, colours.fault, 3)
      brush.beginPath()
      brush.arc(bar, top, 4, 0, 7)
      brush.fillStyle = colours.fault
      brush.fill()
      const lines = labels.wrap(brush, text, edge - 96, 4)
      let at = Math.max(12, top, freeFrom)
      // Not so far from its moment that it seems to belong to another one.
      if (at > top + 60 && top > 0) continue
      freeFrom = at + lines.length * 14 + 4
      for (const one of lines) {
        const place = {
          x: bar - 10,
          y: at,
          align: 'right' as const,
          width: edge - 80,
          colour: colours.fault,
          paper: colours.paper,
        }
        labels.write(brush, one, place)
        at += 14
      }
    }
  }

  function notes(brush: Brush, scene: Scene): void {
    const { chart, view, colours, noted } = scene
    const here = chart.notes.filter(
      (note) =>
        note.node >= 0 &&
        note.kind !== 'fault' &&
        noted(note) &&
        inWindow(scene, note.atMs, note.atMs) &&
        x(view, note.node) !== null,
    )
    brush.beginPath()
    for (const { node, atMs } of here) {
      const [px, py] = [x(view, node) ?? 0, y(view, atMs)]
      brush.moveTo(px + 3, py)
      brush.arc(px, py, 3, 0, 7)
    }
    brush.fillStyle = colours.paper
    brush.fill()
    stroke(brush, colours.quiet, 1.25)
    if (here.length > 400) return
    brush.font = `italic 11px ${colours.font}`
    const room = geometry.spacing(view) - half(view) * 2 - 14
    for (const { node, atMs, text } of here) {
      const left = (x(view, node) ?? 0) + half(view) + 6
      const place = {
        x: left,
        y: y(view, atMs) + 7,
        align: 'left' as const,
        width: Math.min(Math.max(120, room), view.width - left - 6),
        colour: colours.quiet,
        paper: colours.paper,
      }
      labels.write(brush, text, place)
    }
  }

  function markAt(view: View, { node, atMs }: ChartNote): { px: number; py: number } {
    return { px: x(view, node) ?? view.gutter - 14, py: y(view, atMs) }
  }

  /** Two moments that cannot both be right, and the line between them. */
  function contradiction(brush: Brush, scene: Scene): void {
    const { chart, view, colours } = scene
    const events = chart.contradiction?.events ?? []
    const marks = events.map((event) => markAt(view, event))
    for (const { py } of marks) {
      brush.beginPath()
      line(brush, view.gutter, py, view.width - 12, py)
      stroke(brush, colours.wrong, 1, [])
    }
    marks.forEach(({ px, py }, i) => {
      const next = marks[i + 1]
      if (next === undefined) return
      brush.beginPath()
      brush.moveTo(px, py)
      const bend = px === next.px ? Math.min(80, geometry.spacing(view) * 0.4) : 0
      brush.quadraticCurveTo((px + next.px) / 2 + bend, (py + next.py) / 2, next.px, next.py)
      stroke(brush, colours.wrong, 2.5, [7, 4])
    })
    for (const { px, py } of marks) {
      for (const [radius, colour] of [
        [11, colours.paper],
        [9, colours.wrong],
        [6, colours.paper],
        [3.5, colours.wrong],
      ] as const) {
        brush.beginPath()
        brush.arc(px, py, radius, 0, 7)
        brush.fillStyle = colour
        brush.fill()
      }
    }
  }

  function flags(brush: Brush, scene: Scene): void {
    const { chart, view, colours } = scene
    brush.font = `600 12px ${colours.font}`
    for (const event of chart.contradiction?.events ?? []) {
      const { px, py } = markAt(view, event)
      if (py < -60 || py > view.height + 60) continue
      const lines = labels.wrap(brush, event.text, Math.min(230, geometry.spacing(view) * 1.3), 4)
      const width = Math.max(...lines.map((one) => brush.measureText(one).width)) + 20
      const height = lines.length * 16 + 10
      const onRight = px + 18 + width < view.width - 8
      const left = onRight ? px + 18 : px - 18 - width
      const top = Math.max(4, py - height / 2)
      brush.beginPath()
      brush.roundRect(left, top, width, height, 6)
      brush.fillStyle = colours.paper
      brush.fill()
      stroke(brush, colours.wrong, 1.5)
      brush.fillStyle = colours.wrong
      brush.textAlign = 'left'
      brush.textBaseline = 'middle'
      lines.forEach((one, i) => brush.fillText(one, left + 10, top + 13 + i * 16))
      labels.block(left, top, width, height)
    }
  }

  return { faults, notes, contradiction, flags }
}
