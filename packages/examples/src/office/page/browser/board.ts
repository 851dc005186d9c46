/// <reference lib="dom" />
import type { Board, Note } from '../../role.js'
import type { Command, Reply } from './connection.js'
import { arrange, byId, el, say } from './element.js'

/** Notes drawn; older ones are only counted. */
const SHOWN = 200

/** A note of this page that the board does not show yet. `note`: its id, once the server has taken it. */
interface Sending {
  readonly text: string
  readonly item: HTMLLIElement
  note: string | null
}

interface Row {
  readonly item: HTMLLIElement
  readonly box: HTMLInputElement
  /** What this page asked for and the board does not show yet. */
  asked: boolean | null
}

/** The list of notes and the form above it. */
export class BoardPart {
  readonly #send: (command: Command) => Promise<Reply>
  readonly #rows = new Map<string, Row>()
  readonly #list = byId('notes', HTMLUListElement)
  readonly #input = byId('text', HTMLInputElement)
  readonly #refusal = byId('refusal', HTMLParagraphElement)
  readonly #empty = el('li', { class: 'empty' }, 'Nothing on the board yet.')
  #notes: readonly Note[] = []
  #sending: Sending[] = []

  constructor(send: (command: Command) => Promise<Reply>) {
    this.#send = send
    byId('add', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault()
      const text = this.#input.value.trim()
      if (text === '') return this.#input.focus()
      this.#input.value = ''
      void this.#add(text)
    })
  }

  show({ notes }: Board): void {
    this.#notes = notes
    this.#draw()
  }

  #draw(): void {
    const notes = this.#notes
    const ids = new Set(notes.map(({ id }) => id))
    this.#sending = this.#sending.filter(({ note }) => note === null || !ids.has(note))
    for (const [id, { item }] of this.#rows) {
      if (ids.has(id)) continue
      if (item.contains(document.activeElement)) this.#input.focus()
      this.#rows.delete(id)
    }
    const rows = notes.slice(-SHOWN).map((note) => this.#row(note))
    const items = [...rows, ...this.#sending.map(({ item }) => item)].toReversed()
    arrange(this.#list, items.length > 0 ? items : [this.#empty])
    const open = notes.filter(({ done }) => !done).length
    say(
      byId('count', HTMLParagraphElement),
      notes.length === 0 ? '' : `${open} open, ${notes.length - open} done`,
    )
    const older = notes.length - rows.length
    say(byId('older', HTMLParagraphElement), older === 0 ? '' : `… and ${older} older notes`)
  }

  #row({ id, text, done }: Note): HTMLLIElement {
    const row = this.#rows.get(id) ?? this.#newRow(id, text)
    if (row.asked === done) row.asked = null
    row.box.checked = row.asked ?? done
    row.item.classList.toggle('done', row.box.checked)
    return row.item
  }

  #newRow(id: string, text: string): Row {
    const box = el('input', { type: 'checkbox' })
    const remove = el('button', { type: 'button', 'aria-label': `Remove "${text}"`, title: 'Remove' }, '×')
    const item = el('li', {}, el('label', {}, box, el('span', { class: 'text' }, text)), remove)
    const row: Row = { item, box, asked: null }
    this.#rows.set(id, row)
    box.addEventListener('change', () => {
      row.asked = box.checked
      item.classList.toggle('done', box.checked)
      void this.#ask({ command: 'tick', note: id, done: box.checked }).then((ok) => {
        if (!ok) row.asked = null
        this.#draw()
      })
    })
    remove.addEventListener('click', () => {
      item.classList.add('going')
      void this.#ask({ command: 'remove', note: id }).then((ok) => ok || item.classList.remove('going'))
    })
    return row
  }

  async #add(text: string): Promise<void> {
    const mark = el('span', { class: 'mark' }, 'sending …')
    const item = el('li', { class: 'sending' }, el('label', {}, el('span', { class: 'text' }, text)), mark)
    const sending: Sending = { text, item, note: null }
    this.#sending.push(sending)
    this.#draw()
    const reply = await this.#send({ command: 'add', text })
    this.#tell(reply)
    const value = reply.ok ? (reply.value as { note: string }) : null
    if (value) sending.note = value.note
    else {
      this.#sending = this.#sending.filter((one) => one !== sending)
      if (this.#input.value === '') this.#input.value = text
    }
    this.#draw()
    // The board may have been asked to remove it again before this page ever saw it.
    setTimeout(() => {
      this.#sending = this.#sending.filter((one) => one !== sending)
      this.#draw()
    }, 3_000)
  }

  async #ask(command: Command): Promise<boolean> {
    const reply = await this.#send(command)
    this.#tell(reply)
    return reply.ok
  }

  #tell(reply: Reply): void {
    this.#refusal.hidden = reply.ok
    say(this.#refusal, reply.ok ? '' : reply.text)
  }
}
