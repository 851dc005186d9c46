/// <reference lib="dom" />
import type { Act, Wish } from '../../messages.js'
import type { Office } from './connection.js'
import { arrange, byId, el, person, say } from './element.js'
import { peopleOf, sayingOf, wordsOf } from './people.js'
import type { Person } from './people.js'
import { RingPart } from './ring.js'

const ACTS: Readonly<Record<Act, { readonly label: string; readonly hint: string; readonly harm: boolean }>> =
  {
    crash: { label: 'Crash', hint: 'kill -9', harm: true },
    leave: { label: 'Leave', hint: 'hands over and gives up its seat', harm: false },
    return: { label: 'Start again', hint: 'with what it has on disk', harm: false },
  }

const BADGES: Readonly<Record<string, string>> = {
  server: 'server',
  next: 'next',
  crashed: 'bad',
  'not reachable': 'bad',
  silent: 'bad',
}

/** The ring and the list of peers with their buttons. */
export class OfficePart {
  readonly #wish: (wish: Wish) => void
  readonly #ring = new RingPart()
  readonly #rows = new Map<string, { readonly item: HTMLLIElement; drawn: string; acts: string }>()
  readonly #start = byId('start', HTMLButtonElement)

  constructor(wish: (wish: Wish) => void) {
    this.#wish = wish
    this.#start.addEventListener('click', () => wish({ act: 'start' }))
  }

  show(office: Office): void {
    const people = peopleOf(office)
    this.#ring.show(office, people)
    arrange(
      byId('people', HTMLUListElement),
      people.map((one) => this.#row(one)),
    )
    this.#start.disabled = !office.mayStart
    this.#start.hidden = office.chairs.length === 0
    say(byId('waiting', HTMLParagraphElement), office.waitingFor ?? '')
  }

  /** Drawn again only when something changed, so that a focused button stays where it is. */
  #row(one: Person): HTMLLIElement {
    const row = this.#rows.get(one.name) ?? {
      item: el('li', { 'data-name': one.name }),
      drawn: '',
      acts: '',
    }
    this.#rows.set(one.name, row)
    const state = JSON.stringify(one)
    const acts = one.may.join(' ')
    // The load changes all the time.
    if (row.drawn !== '' && row.acts === acts && row.drawn !== state)
      row.item.firstElementChild?.replaceWith(this.#who(one))
    else if (row.drawn !== state) row.item.replaceChildren(this.#who(one), this.#acts(one))
    row.drawn = state
    row.acts = acts
    return row.item
  }

  #who(one: Person): HTMLElement {
    const badges = wordsOf(one).map((word) => el('span', { class: `badge ${BADGES[word] ?? ''}` }, word))
    const url = `http://${one.address}/`
    return el(
      'div',
      { class: 'who' },
      el('span', { class: 'name' }, person(one.name)),
      ...badges,
      el('a', { href: url }, one.address),
      el('span', { class: 'says' }, sayingOf(one)),
    )
  }

  #acts({ name, may }: Person): HTMLElement {
    const buttons = may.map((act) => {
      const { label, hint, harm } = ACTS[act]
      const says = { title: hint, 'aria-label': `${label}: ${person(name)}` }
      const button = el('button', { type: 'button', class: harm ? 'harm' : '', ...says }, label)
      button.addEventListener('click', () => this.#wish({ act, name }))
      return button
    })
    return el('div', { class: 'acts' }, ...buttons)
  }
}
