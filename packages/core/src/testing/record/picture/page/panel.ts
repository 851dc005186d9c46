/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Chart, ChartNote, ChartSpan } from '../chart.js'
import type { Browser, PageElement } from './dom.js'
import type { Geometry, Messages } from './geometry.js'

/** Something that can be pointed at. */
export type Thing =
  | { readonly kind: 'message'; readonly i: number }
  | { readonly kind: 'note'; readonly note: ChartNote }
  | { readonly kind: 'span'; readonly span: ChartSpan }

export interface Panel {
  /** Which columns and sorts are wanted; one flag each. */
  readonly columns: boolean[]
  readonly sorts: boolean[]
  readonly noted: (note: ChartNote) => boolean
  /** In two or three short lines. */
  readonly tip: (thing: Thing, at: { readonly x: number; readonly y: number } | null) => void
  readonly pin: (thing: Thing | null) => void
}

export interface PanelParts {
  readonly browser: Browser
  readonly chart: Chart
  readonly messages: Messages
  readonly geometry: Geometry
  readonly changed: () => void
  readonly jump: (ms: number) => void
}

export function panelOfPage({ browser, chart, messages, geometry, changed, jump }: PanelParts): Panel {
  const columns = chart.nodes.map(() => true)
  const sorts = chart.sorts.map(({ hidden }) => !hidden)
  const counts = chart.sorts.map(() => 0)
  for (let i = 0; i < messages.count; i++) {
    const sort = chart.words[messages.word[i] ?? 0]?.[1] ?? 0
    counts[sort] = (counts[sort] ?? 0) + 1
  }

  function element(tag: string, className: string, ...children: (PageElement | string)[]): PageElement {
    const made = browser.create(tag)
    made.className = className
    made.append(...children)
    return made
  }

  function box(checked: boolean, act: (checked: boolean) => void): PageElement {
    const input = browser.create('input')
    input.type = 'checkbox'
    input.checked = checked
    input.addEventListener('change', () => {
      act(input.checked)
      changed()
    })
    return input
  }

  const name = (column: number): string => chart.nodes[column] ?? 'the world'
  const number = (count: number): string => count.toLocaleString('en')

  function drawColumns(): void {
    const list = browser.byId('columns')
    chart.nodes.forEach((node, i) => {
      list.append(
        element(
          'label',
          'check',
          box(true, (on) => {
            columns[i] = on
          }),
          node,
        ),
      )
    })
  }

  interface Sort {
    readonly name: string
    readonly count: number
    readonly wanted: () => boolean
    readonly want: (on: boolean) => void
  }

  /** A row for what belongs together: a box for all of it, and a chip for each sort. */
  function row(title: string, colour: string | null, all: readonly Sort[]): void {
    if (all.length === 0) return
    const whole = box(true, (on) => {
      for (const sort of all) sort.want(on)
      show()
    })
    const chips = all.map((sort) => {
      const chip = element('button', 'chip', sort.name, element('span', 'count', number(sort.count)))
      chip.type = 'button'
      chip.addEventListener('click', () => {
        sort.want(!sort.wanted())
        show()
        changed()
      })
      return chip
    })
    const show = (): void => {
      const on = all.filter(({ wanted }) => wanted()).length
      whole.checked = on === all.length
      whole.indeterminate = on > 0 && on < all.length
      chips.forEach((chip, i) => chip.setAttribute('aria-pressed', String(all[i]?.wanted())))
    }
    show()
    const swatch = element('span', colour === null ? 'swatch note' : 'swatch')
    if (colour !== null) swatch.style['background'] = colour
    const head = element('label', 'check', whole, swatch, title)
    browser.byId('families').append(element('div', 'family', head, element('div', 'chips', ...chips)))
  }

  function drawFamilies(): void {
    chart.families.forEach((title, family) => {
      const members = chart.sorts.flatMap((sort, i): Sort[] => {
        if (sort.family !== family) return []
        return [
          {
            name: sort.name,
            count: counts[i] ?? 0,
            wanted: () => sorts[i] === true,
            want: (on) => {
              sorts[i] = on
            },
          },
        ]
      })
      row(title, `var(--family-${family})`, members)
    })
  }

  const noteSort = ({ kind, text }: ChartNote): string => (kind === 'moment' ? text : kind)
  const unwanted = new Set<string>()
  const noted = (note: ChartNote): boolean => !unwanted.has(noteSort(note))

  /** Log lines, lives and moments. A moment that comes again and again is not what the reader looks for. */
  function drawNotes(): void {
    const MANY = 60
    const all = new Map<string, { count: number; often: boolean }>()
    for (const note of chart.notes) {
      if (note.node < 0) continue
      const known = all.get(noteSort(note)) ?? { count: 0, often: note.kind === 'moment' }
      known.count += 1
      all.set(noteSort(note), known)
    }
    for (const [sort, { count, often }] of all) if (often && count > MANY) unwanted.add(sort)
    const members = [...all].map(
      ([sort, { count }]): Sort => ({
        name: sort,
        count,
        wanted: () => !unwanted.has(sort),
        want: (on) => void (on ? unwanted.delete(sort) : unwanted.add(sort)),
      }),
    )
    row('Notes', null, members)
  }

  function lines(thing: Thing): {
    readonly title: string
    readonly rows: (readonly [string, string, number?])[]
  } {
    const { seconds } = geometry
    if (thing.kind === 'note') {
      const { text, node, atMs, kind } = thing.note
      return {
        title: text,
        rows: [
          ['what', kind],
          ['at', name(node)],
          ['time', seconds(atMs), atMs],
        ],
      }
    }
    if (thing.kind === 'span') {
      const { text, kind, node, fromMs, toMs, term } = thing.span
      const title = kind === 'reign' && term >= 0 ? `${name(node)} serves in term ${term}` : text
      const lasts = `${Math.round((toMs - fromMs) * 1_000) / 1_000} ms`
      return {
        title,
        rows: [
          ['what', kind],
          ['at', name(node)],
          ['from', seconds(fromMs), fromMs],
          ['until', toMs >= chart.endMs ? 'the end' : seconds(toMs), toMs],
          ['lasts', lasts],
        ],
      }
    }
    const { i } = thing
    const [from, to] = [messages.from[i] ?? 0, messages.to[i] ?? 0]
    const [sentMs, endMs] = [messages.sentMs[i] ?? 0, messages.endMs[i] ?? 0]
    const way = `${Math.round((endMs - sentMs) * 1_000) / 1_000} ms`
    const fate = messages.fate[i]
    const end: readonly [string, string, number?] =
      fate === 0
        ? ['arrived', seconds(endMs), endMs]
        : fate === 1
          ? ['lost', endMs > sentMs ? seconds(endMs) : 'at once', endMs]
          : ['fate', 'still under way at the end']
    return {
      title: chart.words[messages.word[i] ?? 0]?.[0] ?? '',
      rows: [['way', `${name(from)} → ${name(to)}`], ['sent', seconds(sentMs), sentMs], end, ['took', way]],
    }
  }

  function tip(thing: Thing, at: { readonly x: number; readonly y: number } | null): void {
    const tooltip = browser.byId('tip')
    tooltip.hidden = at === null
    if (at === null) return
    const { title, rows } = lines(thing)
    tooltip.replaceChildren(
      element('b', '', title),
      ...rows.map(([key, value]) => element('span', '', `${key === 'way' ? '' : `${key} `}${value}`)),
    )
    const stage = browser.byId('stage')
    const right = at.x + 18 + tooltip.offsetWidth < stage.clientWidth
    tooltip.style['left'] = `${right ? at.x + 14 : Math.max(4, at.x - tooltip.offsetWidth - 14)}px`
    tooltip.style['top'] =
      `${Math.max(4, Math.min(at.y + 12, stage.clientHeight - tooltip.offsetHeight - 6))}px`
  }

  function pin(thing: Thing | null): void {
    const card = browser.byId('pinned')
    card.hidden = thing === null
    if (thing === null) return
    const { title, rows } = lines(thing)
    const list = browser.create('dl')
    for (const [key, value, ms] of rows) {
      const text = ms === undefined ? element('span', '', value) : element('button', 'link', value)
      if (ms !== undefined) text.addEventListener('click', () => jump(ms))
      list.append(element('dt', '', key), element('dd', '', text))
    }
    card.replaceChildren(element('h2', '', 'Pinned'), element('p', 'what', title), list)
  }

  drawColumns()
  drawFamilies()
  drawNotes()
  return { columns, sorts, noted, tip, pin }
}
