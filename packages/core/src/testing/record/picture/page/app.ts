/* oxlint-disable unicorn/consistent-function-scoping -- the whole function travels to the page, with what is in it */
import type { Chart } from '../chart.js'
import type { Browser, PageElement, PageEvent } from './dom.js'
import type { Geometry, View } from './geometry.js'
import type { Painter } from './paint.js'
import type { Colours, Scene } from './scene.js'
import type { Panel, PanelParts, Thing } from './panel.js'

export interface AppParts {
  readonly browser: Browser
  readonly chart: Chart
  readonly geometry: Geometry
  readonly painter: Painter
  readonly panelOf: (parts: PanelParts) => Panel
}

/** Puts the parts together: scrolling, zooming, pointing, and one drawing a frame at most. */
export function startPage({ browser, chart, geometry, painter, panelOf }: AppParts): void {
  /** More arrows than this are a grey wall, and slow. */
  const MOST_ARROWS = 5_000
  const PRINTED = { width: 1_040, height: 1_280 }
  const messages = geometry.unpack(chart)
  const [stage, space, canvas, strip] = [
    browser.byId('stage'),
    browser.byId('space'),
    browser.byId('canvas'),
    browser.byId('overview'),
  ]
  const [brush, stripBrush] = [canvas.getContext('2d'), strip.getContext('2d')]
  const range = { maxScale: geometry.maxScale(chart.endMs), marginMs: 0 }
  let view: View = { width: 0, height: 0, gutter: 0, pxPerMs: 0.01, topMs: 0, columns: [] }
  let onScreen = view
  let shown: readonly number[] = []
  let hot: number | null = null
  let pinned: number | null = null
  let colours = readColours()
  let waiting = false
  let printing = false

  function readColours(): Colours {
    const { colour } = browser
    return {
      paper: colour('--chart'),
      ink: colour('--ink'),
      quiet: colour('--quiet'),
      rule: colour('--rule'),
      line: colour('--line'),
      block: colour('--block'),
      fault: colour('--fault'),
      wrong: colour('--wrong'),
      families: chart.families.map((_, i) => colour(`--family-${i}`)),
      terms: [0, 1, 2, 3, 4, 5].map((i) => colour(`--term-${i}`)),
      font: colour('--sans'),
    }
  }

  const panel = panelOf({ browser, chart, messages, geometry, changed: measure, jump: (ms) => centre(ms) })

  function wanted(i: number): boolean {
    const sort = chart.words[messages.word[i] ?? 0]?.[1] ?? 0
    return (
      panel.sorts[sort] === true &&
      panel.columns[messages.from[i] ?? -1] === true &&
      panel.columns[messages.to[i] ?? -1] === true
    )
  }

  function redraw(): void {
    if (waiting) return
    waiting = true
    browser.nextFrame(() => {
      waiting = false
      draw()
    })
  }

  function draw(): void {
    if (!printing) view = { ...view, topMs: stage.scrollTop / view.pxPerMs - range.marginMs }
    const thinned = geometry.thin(messages, geometry.visible(messages, view, wanted), MOST_ARROWS)
    shown = thinned.shown
    const scene: Scene = { chart, view, messages, shown, hot, pinned, noted: panel.noted, colours }
    painter.paint(brush, scene)
    painter.overview(stripBrush, scene, strip.clientWidth, strip.clientHeight)
    const { seconds, bottomMs } = geometry
    const from = seconds(Math.max(0, view.topMs), 1)
    const to = seconds(Math.min(chart.endMs, bottomMs(view)), 1)
    const sparse = thinned.oneIn > 1 ? ` · 1 message in ${thinned.oneIn} drawn, zoom in for all` : ''
    browser.byId('where').textContent = `${from} to ${to}${sparse}`
  }

  function sizeCanvas(
    element: PageElement,
    to: Scene['view'] | { width: number; height: number },
    ratio: number,
  ): void {
    element.width = Math.round(to.width * ratio)
    element.height = Math.round(to.height * ratio)
    element.getContext('2d').setTransform(ratio, 0, 0, ratio, 0, 0)
  }

  /** After anything that changes the size of things: keeps the middle of the window where it is. */
  function measure(): void {
    const middleMs = geometry.time(view, view.height / 2)
    const columns = chart.nodes.flatMap((_, i) => (panel.columns[i] === true ? [i] : []))
    const width = printing ? PRINTED.width : stage.clientWidth
    const height = printing ? PRINTED.height : stage.clientHeight
    const gutter = width < 640 ? 164 : width / columns.length < 150 ? 206 : 236
    view = { ...view, columns, width, height, gutter }
    sizeCanvas(canvas, view, printing ? 2 : browser.ratio())
    if (!printing) canvas.style['height'] = `${height}px`
    sizeCanvas(strip, { width: strip.clientWidth, height: strip.clientHeight }, browser.ratio())
    drawHeads()
    show(view.pxPerMs, middleMs)
  }

  function drawHeads(): void {
    const heads = view.columns.map((column) => {
      const head = browser.create('span')
      head.textContent = chart.nodes[column] ?? ''
      head.style['left'] = `${((geometry.x(view, column) ?? 0) / view.width) * 100}%`
      head.style['maxWidth'] = `${geometry.spacing(view) - 8}px`
      return head
    })
    browser.byId('heads').replaceChildren(...heads)
  }

  /** Scales to `pxPerMs` with `middleMs` in the middle of the window, as far as there is something to see. */
  function show(pxPerMs: number, middleMs: number, place: number = view.height / 2): void {
    const least = geometry.fitScale(view.height, chart.endMs)
    const scale = Math.max(least, Math.min(range.maxScale, pxPerMs))
    range.marginMs = (view.height * 0.04) / scale
    const topMs = middleMs - place / scale
    view = { ...view, pxPerMs: scale, topMs }
    if (printing) return draw()
    space.style['height'] = `${Math.ceil((chart.endMs + 2 * range.marginMs) * scale)}px`
    stage.scrollTop = (topMs + range.marginMs) * scale
    browser.byId('out').disabled = scale <= least
    browser.byId('in').disabled = scale >= range.maxScale
    draw()
  }

  const middle = (): number => geometry.time(view, view.height / 2)
  const centre = (ms: number): void => show(Math.max(view.pxPerMs, 2), ms)
  const fit = (): void => show(0, chart.endMs / 2)
  const zoomBy = (factor: number, at: number = view.height / 2): void =>
    show(view.pxPerMs * factor, geometry.time(view, at), at)

  /** All of its events on the screen, as large as that allows. */
  function showContradiction(): void {
    const at = chart.contradiction?.events.map(({ atMs }) => atMs) ?? []
    if (at.length === 0) return
    const [first, last] = [Math.min(...at), Math.max(...at)]
    show(Math.min(8, (view.height * 0.5) / Math.max(1, last - first)), (first + last) / 2)
  }

  const moments = [
    ...chart.notes.filter(({ kind }) => kind === 'fault').map(({ atMs }) => atMs),
    ...chart.spans.filter(({ kind, node }) => kind === 'fault' && node < 0).map(({ fromMs }) => fromMs),
  ].toSorted((a, b) => a - b)

  function nextFault(step: 1 | -1): void {
    const here = middle()
    const near = 0.5 / view.pxPerMs
    const next =
      step > 0 ? moments.find((ms) => ms > here + near) : moments.findLast((ms) => ms < here - near)
    if (next !== undefined) centre(next)
  }

  function thingAt(x: number, y: number): Thing | null {
    const near = (node: number, ms: number, reach: number): boolean =>
      Math.hypot((geometry.x(view, node) ?? view.gutter - 14) - x, geometry.y(view, ms) - y) <= reach
    const mark = chart.contradiction?.events.find(({ node, atMs }) => near(node, atMs, 12))
    if (mark !== undefined) return { kind: 'note', note: mark }
    const note = chart.notes.find((one) => (one.node < 0 || panel.noted(one)) && near(one.node, one.atMs, 6))
    if (note !== undefined) return { kind: 'note', note }
    const i = geometry.hit(view, messages, shown, x, y, 6)
    if (i !== null) return { kind: 'message', i }
    const ms = geometry.time(view, y)
    const wide = painter.half(view)
    const span = chart.spans.findLast(
      ({ node, fromMs, toMs }) =>
        fromMs <= ms && ms <= toMs && Math.abs((geometry.x(view, node) ?? view.gutter - 14) - x) <= wide,
    )
    return span === undefined ? null : { kind: 'span', span }
  }

  function pointed(event: PageEvent): {
    readonly x: number
    readonly y: number
    readonly thing: Thing | null
  } {
    const { left, top } = canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - left, event.clientY - top]
    return { x, y, thing: thingAt(x, y) }
  }

  function point(event: PageEvent): void {
    const { x, y, thing } = pointed(event)
    const now = thing?.kind === 'message' ? thing.i : null
    if (thing === null) browser.byId('tip').hidden = true
    else panel.tip(thing, { x, y })
    canvas.style['cursor'] = thing === null ? 'default' : 'pointer'
    if (now === hot) return
    hot = now
    redraw()
  }

  function leave(): void {
    browser.byId('tip').hidden = true
    hot = null
    redraw()
  }

  function pin(event: PageEvent): void {
    const { thing } = pointed(event)
    pinned = thing?.kind === 'message' ? thing.i : null
    panel.pin(thing)
    redraw()
  }

  function wheel(event: PageEvent): void {
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    zoomBy(Math.exp(-event.deltaY / 300), event.clientY - canvas.getBoundingClientRect().top)
  }

  function travel(event: PageEvent): void {
    if (event.buttons === 0) return
    const at = event.clientY - strip.getBoundingClientRect().top
    show(view.pxPerMs, ((at - 4) / Math.max(1, strip.clientHeight - 8)) * chart.endMs)
  }

  const keys: Readonly<Record<string, () => void>> = {
    '+': () => zoomBy(1.6),
    '=': () => zoomBy(1.6),
    '-': () => zoomBy(1 / 1.6),
    '0': fit,
    c: showContradiction,
    n: () => nextFault(1),
    p: () => nextFault(-1),
    Escape: () => {
      pinned = null
      panel.pin(null)
      redraw()
    },
  }

  function key(event: PageEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    keys[event.key]?.()
  }

  function print(on: boolean): void {
    if (on) onScreen = view
    printing = on
    colours = readColours()
    const { pxPerMs, topMs, height } = onScreen
    measure()
    // The same part of the run, on paper and back.
    show((pxPerMs * view.height) / Math.max(1, height), topMs + height / 2 / pxPerMs)
  }

  function listen(): void {
    stage.addEventListener('scroll', redraw, { passive: true })
    stage.addEventListener('wheel', wheel, { passive: false })
    canvas.addEventListener('mousemove', point)
    canvas.addEventListener('mouseleave', leave)
    canvas.addEventListener('click', pin)
    strip.addEventListener('mousedown', travel)
    strip.addEventListener('mousemove', travel)
    browser.byId('in').addEventListener('click', () => zoomBy(1.6))
    browser.byId('out').addEventListener('click', () => zoomBy(1 / 1.6))
    browser.byId('fit').addEventListener('click', fit)
    browser.byId('next').addEventListener('click', () => nextFault(1))
    browser.byId('previous').addEventListener('click', () => nextFault(-1))
    browser.byId('wrong').addEventListener('click', showContradiction)
    for (const link of browser.byId('page').querySelectorAll('[data-ms]')) {
      link.addEventListener('click', () => centre(Number(link.dataset['ms'])))
    }
    browser.on('resize', measure)
    browser.on('keydown', key)
    browser.on('beforeprint', () => print(true))
    browser.on('afterprint', () => print(false))
    browser.on('colours', () => {
      colours = readColours()
      redraw()
    })
  }

  browser.byId('next').disabled = browser.byId('previous').disabled = moments.length === 0
  browser.byId('wrong').hidden = chart.contradiction === null
  listen()
  measure()
  if (chart.focusMs !== null) show(view.height / 400, chart.focusMs)
  else if (chart.contradiction !== null) showContradiction()
  else fit()
}
