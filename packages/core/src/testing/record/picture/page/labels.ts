/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Brush } from './dom.js'

/** Text on the drawing, each where no other stands. Who asks first gets the place. */
export interface Labels {
  readonly clear: () => void
  /** Writes it unless something stands there; `angle` turns it around its left end. */
  readonly write: (brush: Brush, text: string, at: LabelPlace) => boolean
  /** Cut with `…` to fit. */
  readonly fit: (brush: Brush, text: string, width: number) => string
  /** In lines of at most `width`, `most` of them. */
  readonly wrap: (brush: Brush, text: string, width: number, most: number) => string[]
  /** Keeps others away. */
  readonly block: (x: number, y: number, width: number, height: number) => void
}

export interface LabelPlace {
  readonly x: number
  /** The middle of the line. */
  readonly y: number
  readonly align: 'left' | 'right' | 'center'
  readonly width: number
  readonly angle?: number
  readonly colour: string
  /** Painted behind the letters, so that lines do not run through them. */
  readonly paper: string
}

export function labelsOfPage(): Labels {
  const LINE = 13
  const MOST = 700
  let taken: { x: number; y: number; right: number; bottom: number }[] = []

  function clear(): void {
    taken = []
  }

  function block(x: number, y: number, width: number, height: number): void {
    taken.push({ x, y, right: x + width, bottom: y + height })
  }

  function free(x: number, y: number, width: number, height: number): boolean {
    if (taken.length > MOST) return false
    return !taken.some((t) => x < t.right && x + width > t.x && y < t.bottom && y + height > t.y)
  }

  function fit(brush: Brush, text: string, width: number): string {
    if (brush.measureText(text).width <= width) return text
    let [short, long] = [0, text.length]
    while (short < long) {
      const middle = Math.ceil((short + long) / 2)
      if (brush.measureText(`${text.slice(0, middle)}…`).width <= width) short = middle
      else long = middle - 1
    }
    return short < 2 ? '' : `${text.slice(0, short).trimEnd()}…`
  }

  function wrap(brush: Brush, text: string, width: number, most: number): string[] {
    const lines: string[] = []
    let line = ''
    for (const word of text.split(/\s+/)) {
      const longer = line === '' ? word : `${line} ${word}`
      if (line !== '' && brush.measureText(longer).width > width) {
        lines.push(line)
        line = word
      } else line = longer
    }
    lines.push(line)
    const kept = lines.slice(0, most)
    if (lines.length > most) kept[most - 1] = `${kept[most - 1] ?? ''}…`
    return kept.map((one) => fit(brush, one, width))
  }

  function write(brush: Brush, text: string, at: LabelPlace): boolean {
    const words = fit(brush, text, at.width)
    if (words === '') return false
    const { angle = 0 } = at
    const width = brush.measureText(words).width
    const across = width * Math.cos(angle)
    const down = width * Math.sin(angle)
    const left = at.align === 'left' ? at.x : at.align === 'right' ? at.x - across : at.x - across / 2
    const top = at.y - LINE / 2 + Math.min(0, down)
    if (!free(left, top, across, LINE + Math.abs(down))) return false
    block(left, top, across, LINE + Math.abs(down))
    brush.save()
    brush.translate(at.x, at.y)
    brush.rotate(angle)
    brush.textAlign = at.align
    brush.textBaseline = 'middle'
    brush.fillStyle = at.paper
    brush.globalAlpha = 0.82
    const begin = at.align === 'left' ? 0 : at.align === 'right' ? -width : -width / 2
    brush.fillRect(begin - 3, -LINE / 2, width + 6, LINE - 1)
    brush.globalAlpha = 1
    brush.fillStyle = at.colour
    brush.fillText(words, 0, 0)
    brush.restore()
    return true
  }

  return { clear, write, fit, wrap, block }
}
