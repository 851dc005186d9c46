/// <reference lib="dom" />
import type { Chairs, Wish } from '../../messages.js'
import type { Board } from '../../role.js'
import type { OfficeView } from '../../view.js'

export type Office = OfficeView & Chairs

export type Command =
  | { readonly command: 'add'; readonly text: string }
  | { readonly command: 'tick'; readonly note: string; readonly done: boolean }
  | { readonly command: 'remove'; readonly note: string }

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly text: string }

export type Line =
  /** `movedFrom`: the page came here from there, because that peer was gone. */
  | { readonly kind: 'connected'; readonly movedFrom: string | null }
  /** Nobody answered: every peer was tried. */
  | { readonly kind: 'waiting'; readonly names: readonly string[] }

export interface Handlers {
  office(office: Office): void
  board(board: Board): void
  line(line: Line): void
}

/** A peer that does not begin to talk within this time is passed over. */
const OPENING_MS = 1_500
/** Peers say something every second. */
const SILENCE_MS = 3_200
const ROUND_PAUSE_MS = 400
const COMMAND_MS = 3_000
const RETRY_MS = 150

/**
 * The page's tie to the office, whichever peer it is: live events from one peer, and when that one goes, from the
 * next. Commands carry ids of this page, and are repeated with the same id until somebody has answered them.
 */
export class Connection {
  readonly #handlers: Handlers
  readonly #client = `page-${crypto.randomUUID().slice(0, 13)}`
  #lastSeq = 0
  /** Where peers are, by origin, with their names. The one that served the page is known from the beginning. */
  #peers = new Map<string, string>([[location.origin, '']])
  #here = location.origin
  /** The last peer that this page heard. */
  #heard: string | null = null
  #source: EventSource | null = null
  #watchdog = 0
  #tried = 0

  constructor(handlers: Handlers) {
    this.#handlers = handlers
    this.#open(this.#here)
  }

  /** Resolves once some peer has answered, however long that takes. */
  async send(command: Command): Promise<Reply> {
    this.#lastSeq += 1
    const body = { ...command, id: `${this.#client}:${this.#lastSeq}` }
    for (let origin = this.#here; ; origin = this.#after(origin)) {
      const answer = await post(`${origin}/api/commands`, body)
      if (answer && answer.status !== 503) {
        const { value, text, error } = answer.body
        return answer.status === 200 ? { ok: true, value } : { ok: false, text: String(text ?? error) }
      }
      await pause(RETRY_MS)
    }
  }

  /** A demonstration wish, to whoever answers first; a repetition would be another wish. */
  async wish(wish: Wish): Promise<Reply> {
    const answer = await post(`${this.#here}/api/wishes`, wish)
    if (!answer) return { ok: false, text: 'No peer has answered; try again.' }
    return answer.status === 202
      ? { ok: true, value: null }
      : { ok: false, text: String(answer.body['error']) }
  }

  #open(origin: string): void {
    this.#close()
    this.#here = origin
    const source = new EventSource(`${origin}/api/events`)
    this.#source = source
    this.#expect(OPENING_MS)
    source.addEventListener('error', () => this.#move())
    source.addEventListener('goodbye', () => this.#move())
    source.addEventListener('beat', () => this.#expect(SILENCE_MS))
    source.addEventListener('board', ({ data }: MessageEvent<string>) => {
      this.#expect(SILENCE_MS)
      this.#handlers.board(JSON.parse(data) as Board)
    })
    source.addEventListener('office', ({ data }: MessageEvent<string>) => {
      this.#expect(SILENCE_MS)
      this.#hear(JSON.parse(data) as Office)
    })
  }

  #hear(office: Office): void {
    const places = [...office.members, ...office.chairs]
    this.#peers = new Map(places.map(({ name, address }) => [`http://${address}`, name]))
    this.#handlers.office(office)
    if (this.#tried === 0 && this.#heard !== null) return
    this.#tried = 0
    const movedFrom = this.#heard === office.self ? null : this.#heard
    this.#heard = office.self
    this.#handlers.line({ kind: 'connected', movedFrom })
  }

  /** To the next peer; after a round in vain it pauses and says so. */
  #move(): void {
    this.#close()
    this.#tried += 1
    const next = this.#after(this.#here)
    if (this.#tried < this.#peers.size) return this.#open(next)
    this.#handlers.line({ kind: 'waiting', names: [...new Set(this.#peers.values())].filter(Boolean) })
    setTimeout(() => this.#open(next), ROUND_PAUSE_MS)
  }

  #after(origin: string): string {
    // Where the page has found somebody meanwhile is the best guess.
    if (origin !== this.#here && this.#tried === 0) return this.#here
    const origins = [...this.#peers.keys()]
    return origins[(origins.indexOf(origin) + 1) % origins.length] ?? location.origin
  }

  #expect(ms: number): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = window.setTimeout(() => this.#move(), ms)
  }

  #close(): void {
    clearTimeout(this.#watchdog)
    this.#source?.close()
    this.#source = null
  }
}

/** Null when no peer answered there. */
async function post(
  url: string,
  body: unknown,
): Promise<{ status: number; body: Record<string, unknown> } | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(COMMAND_MS),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  } catch {
    return null
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
