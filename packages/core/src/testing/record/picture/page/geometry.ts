/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Chart } from '../chart.js'

/*
 * The files of this folder run in the page of a picture. Each is one function that travels there as text, so it
 * must not use a name from outside of itself, except types: what it needs from another file is a parameter.
 */

/** The part of the run that is on the screen: pixels from the left and the top of the drawing. */
export interface View {
  readonly width: number
  readonly height: number
  /** Left of the columns: times and faults. */
  readonly gutter: number
  readonly pxPerMs: number
  /** The time at the upper edge; negative in the margin above the beginning. */
  readonly topMs: number
  /** Columns that are shown, from left to right. */
  readonly columns: readonly number[]
}

/** Messages, unpacked into one array a field. */
export interface Messages {
  readonly count: number
  readonly sentMs: Float64Array
  /** That of the recording for what never ended. */
  readonly endMs: Float64Array
  readonly from: Int16Array
  readonly to: Int16Array
  /** 0 arrived, 1 lost, 2 under way. */
  readonly fate: Uint8Array
  readonly word: Uint32Array
  /** The latest end in each block of 256, to skip blocks that are over. */
  readonly blockEndMs: Float64Array
}

export interface Segment {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

export interface Geometry {
  readonly unpack: (chart: Pick<Chart, 'messages' | 'endMs'>) => Messages
  readonly y: (view: View, ms: number) => number
  readonly time: (view: View, y: number) => number
  /** The middle of a column; null when it is not shown. */
  readonly x: (view: View, column: number) => number | null
  readonly bottomMs: (view: View) => number
  readonly spacing: (view: View) => number
  readonly fitScale: (height: number, endMs: number) => number
  readonly maxScale: (endMs: number) => number
  /** The same view with another scale; the time at `y` stays where it is. */
  readonly zoom: (view: View, pxPerMs: number, y: number) => View
  readonly segment: (view: View, messages: Messages, i: number) => Segment | null
  /** Messages that cross the window and that `wanted` accepts, in order of sending. */
  readonly visible: (messages: Messages, view: View, wanted: (i: number) => boolean) => number[]
  /** Every n-th of them, and all lost ones, so that at most about `limit` remain. */
  readonly thin: (
    messages: Messages,
    found: readonly number[],
    limit: number,
  ) => { shown: number[]; oneIn: number }
  /** The message nearest to a point, within `reach` pixels. */
  readonly hit: (
    view: View,
    messages: Messages,
    shown: readonly number[],
    x: number,
    y: number,
    reach: number,
  ) => number | null
  readonly ticks: (view: View) => { readonly ms: number; readonly text: string; readonly major: boolean }[]
  readonly seconds: (ms: number, stepMs?: number) => string
}

export function geometryOfPage(): Geometry {
  const BLOCK = 256
  const LARGEST_SCALE = 400
  /** Browsers do not scroll further than some ten million pixels. */
  const LARGEST_HEIGHT = 8_000_000

  function unpack({ messages: packed, endMs: lastMs }: Pick<Chart, 'messages' | 'endMs'>): Messages {
    const count = packed.length / 6
    const sentMs = new Float64Array(count)
    const endMs = new Float64Array(count)
    const [from, to] = [new Int16Array(count), new Int16Array(count)]
    const fate = new Uint8Array(count)
    const word = new Uint32Array(count)
    const blockEndMs = new Float64Array(Math.ceil(count / BLOCK)).fill(-Infinity)
    let at = 0
    for (let i = 0; i < count; i++) {
      const [delta = 0, way = 0, a = 0, b = 0, f = 0, w = 0] = packed.slice(i * 6, i * 6 + 6)
      at += delta
      sentMs[i] = at / 1_000
      endMs[i] = way < 0 ? Math.max(lastMs, at / 1_000) : (at + way) / 1_000
      from[i] = a
      to[i] = b
      fate[i] = f
      word[i] = w
      const block = Math.floor(i / BLOCK)
      blockEndMs[block] = Math.max(blockEndMs[block] ?? 0, endMs[i] ?? 0)
    }
    return { count, sentMs, endMs, from, to, fate, word, blockEndMs }
  }

  const y = (view: View, ms: number): number => (ms - view.topMs) * view.pxPerMs
  const time = (view: View, at: number): number => view.topMs + at / view.pxPerMs
  const bottomMs = (view: View): number => time(view, view.height)
  const spacing = (view: View): number => (view.width - view.gutter) / Math.max(1, view.columns.length)

  function x(view: View, column: number): number | null {
    const place = view.columns.indexOf(column)
    return place < 0 ? null : view.gutter + (place + 0.5) * spacing(view)
  }

  const fitScale = (height: number, endMs: number): number => (height * 0.92) / Math.max(1, endMs)
  const maxScale = (endMs: number): number => Math.min(LARGEST_SCALE, LARGEST_HEIGHT / Math.max(1, endMs))

  function zoom(view: View, pxPerMs: number, at: number): View {
    return { ...view, pxPerMs, topMs: time(view, at) - at / pxPerMs }
  }

  function segment(view: View, messages: Messages, i: number): Segment | null {
    const x1 = x(view, messages.from[i] ?? -1)
    const xTo = x(view, messages.to[i] ?? -1)
    if (x1 === null || xTo === null) return null
    const y1 = y(view, messages.sentMs[i] ?? 0)
    const y2 = y(view, messages.endMs[i] ?? 0)
    // What was lost at once, or waits at a cut, does not get across.
    const fate = messages.fate[i]
    const reached = fate === 0 ? 1 : fate === 1 ? 0.62 : 0.8
    return { x1, y1, x2: x1 + (xTo - x1) * reached, y2 }
  }

  function visible(messages: Messages, view: View, wanted: (i: number) => boolean): number[] {
    const found: number[] = []
    const lastMs = bottomMs(view)
    for (let block = 0; block < messages.blockEndMs.length; block++) {
      if ((messages.blockEndMs[block] ?? 0) < view.topMs) continue
      const end = Math.min(messages.count, (block + 1) * BLOCK)
      for (let i = block * BLOCK; i < end; i++) {
        if ((messages.sentMs[i] ?? 0) > lastMs) return found
        if ((messages.endMs[i] ?? 0) >= view.topMs && wanted(i)) found.push(i)
      }
    }
    return found
  }

  function thin(
    messages: Messages,
    found: readonly number[],
    limit: number,
  ): { shown: number[]; oneIn: number } {
    const oneIn = Math.max(1, Math.ceil(found.length / limit))
    if (oneIn === 1) return { shown: [...found], oneIn }
    const lost = found.filter((i) => messages.fate[i] === 1).length
    const keepLost = lost <= limit
    // By number, not by place, so that scrolling does not make them flicker.
    return { shown: found.filter((i) => i % oneIn === 0 || (keepLost && messages.fate[i] === 1)), oneIn }
  }

  function distance({ x1, y1, x2, y2 }: Segment, px: number, py: number): number {
    const [dx, dy] = [x2 - x1, y2 - y1]
    const length = dx * dx + dy * dy
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((px - x1) * dx + (py - y1) * dy) / length))
    return Math.hypot(px - x1 - along * dx, py - y1 - along * dy)
  }

  function hit(
    view: View,
    messages: Messages,
    shown: readonly number[],
    px: number,
    py: number,
    reach: number,
  ): number | null {
    let best: number | null = null
    let bestDistance = reach
    for (const i of shown) {
      const line = segment(view, messages, i)
      if (line === null) continue
      const away = distance(line, px, py)
      if (away > bestDistance) continue
      best = i
      bestDistance = away
    }
    return best
  }

  function ticks(view: View): { ms: number; text: string; major: boolean }[] {
    const steps = [
      0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 6e4, 3e5, 6e5, 3.6e6,
    ]
    const step = steps.find((ms) => ms * view.pxPerMs >= 56) ?? 3.6e6
    const list: { ms: number; text: string; major: boolean }[] = []
    for (let n = Math.max(0, Math.ceil(view.topMs / step)); n * step <= bottomMs(view); n++) {
      list.push({ ms: n * step, text: seconds(n * step, step), major: n % 5 === 0 })
    }
    return list
  }

  function seconds(ms: number, stepMs: number = 0.001): string {
    const digits =
      stepMs >= 1_000 ? 0 : stepMs >= 100 ? 1 : stepMs >= 10 ? 2 : stepMs >= 1 ? 3 : stepMs >= 0.1 ? 4 : 6
    return `${(ms / 1_000).toFixed(digits)} s`
  }

  return {
    unpack,
    y,
    time,
    x,
    bottomMs,
    spacing,
    fitScale,
    maxScale,
    zoom,
    segment,
    visible,
    thin,
    hit,
    ticks,
    seconds,
  }
}
