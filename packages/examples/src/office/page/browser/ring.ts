/// <reference lib="dom" />
import type { Office } from './connection.js'
import { arrange, byId, person, say, svg } from './element.js'
import type { Person } from './people.js'
import { wordsOf } from './people.js'

const CENTRE = 200
const RADIUS = 142
const NODE = 34

/** The members as a ring, in order of seniority from the top, with crown and successor. */
export class RingPart {
  readonly #root = byId('ring', SVGSVGElement)
  readonly #heir = svg('path', { class: 'heir' })
  readonly #term = svg('text', { class: 'term', x: `${CENTRE}`, y: `${CENTRE + 2}` })
  readonly #took = svg('text', { class: 'took', x: `${CENTRE}`, y: `${CENTRE + 52}` })
  readonly #peers = svg('g')
  readonly #nodes = new Map<string, SVGGElement>()
  #takeover: Office['takeover'] = null

  constructor() {
    const label = (text: string, y: number): SVGTextElement =>
      svg('text', { class: 'label', x: `${CENTRE}`, y: `${y}` }, text)
    const track = svg('circle', { class: 'track', cx: `${CENTRE}`, cy: `${CENTRE}`, r: `${RADIUS}` })
    const words = [label('term', CENTRE - 36), this.#term, label('last take-over', CENTRE + 30), this.#took]
    this.#root.append(track, this.#heir, ...words, this.#peers)
  }

  show({ term, takeover }: Office, people: readonly Person[]): void {
    // A peer that has just returned has seen no take-over yet; the page remembers.
    if (takeover && takeover.term >= (this.#takeover?.term ?? 0)) this.#takeover = takeover
    say(this.#term, `${term}`)
    say(this.#took, this.#takeover ? `${this.#takeover.ms} ms` : '–')
    const places = people.map((_, i) => placeOf(i, people.length))
    arrange(
      this.#peers,
      people.map((one, i) => this.#node(one, places[i] ?? { x: 0, y: 0 })),
    )
    for (const name of this.#nodes.keys())
      if (!people.some((one) => one.name === name)) this.#nodes.delete(name)
    const from = places[people.findIndex(({ server }) => server)]
    const to = places[people.findIndex(({ next }) => next)]
    this.#heir.setAttribute('d', from && to ? curve(from, to) : '')
    this.#root.setAttribute('aria-label', this.#inWords(term, people))
  }

  #node(one: Person, { x, y }: Place): SVGGElement {
    const node = this.#nodes.get(one.name) ?? newNode(one.name)
    this.#nodes.set(one.name, node)
    node.style.transform = `translate(${x}px, ${y}px)`
    const flags = {
      server: one.server,
      next: one.next,
      here: one.here,
      learner: one.member?.voter === false,
      crashed: one.state === 'crashed',
      away: one.state !== 'crashed' && !one.member?.reachable,
    }
    for (const [flag, on] of Object.entries(flags)) node.classList.toggle(flag, on)
    return node
  }

  #inWords(term: number, people: readonly Person[]): string {
    const took = this.#takeover ? ` The last take-over took ${this.#takeover.ms} milliseconds.` : ''
    const all = people.map((one) => `${person(one.name)}: ${wordsOf(one).join(', ')}`)
    return `The ring of members in term ${term}. ${all.join('; ')}.${took}`
  }
}

interface Place {
  readonly x: number
  readonly y: number
}

function placeOf(i: number, of: number): Place {
  const angle = (i / of) * 2 * Math.PI - Math.PI / 2
  return { x: CENTRE + RADIUS * Math.cos(angle), y: CENTRE + RADIUS * Math.sin(angle) }
}

/** From one node's edge to another's, bent towards the centre but around the words in it. */
function curve(from: Place, to: Place): string {
  const bend = 0.35
  const mid = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
  const via = { x: mid.x + (CENTRE - mid.x) * bend, y: mid.y + (CENTRE - mid.y) * bend }
  return `M${from.x} ${from.y} Q${via.x} ${via.y} ${to.x} ${to.y}`
}

function newNode(name: string): SVGGElement {
  const cross = NODE * 0.62
  return svg(
    'g',
    { class: 'peer', 'data-name': name },
    svg('circle', { r: `${NODE}` }),
    svg('path', { class: 'cross', d: `M${-cross} ${cross}L${cross} ${-cross}` }),
    svg('text', { class: 'name', y: '5' }, person(name)),
    svg('path', { class: 'crown', d: 'M-17 -30 L-20 -50 L-9 -42 L0 -56 L9 -42 L20 -50 L17 -30 Z' }),
    svg(
      'g',
      { class: 'next-tag', transform: `translate(0 ${NODE + 2})` },
      svg('rect', { x: '-20', y: '-9', width: '40', height: '18', rx: '9' }),
      svg('text', { y: '4' }, 'next'),
    ),
  )
}
