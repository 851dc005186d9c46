import type { Host } from '@tanist/core'
import type { Lives } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import type { Desk } from './desk.js'
import type { Speakers } from './authenticate.js'
import { HttpGateway } from './http.js'
import type { LayerView, ProcessFacts } from './http-parts.js'
import { Layers, mainLayer } from './layers.js'
import type { HttpAnswer, HttpAsked, LayerSettings } from './types.js'
import type { AddressOn } from './view.js'

/** How long a peer that has stopped waits for answers that are still to be written. */
const LAST_ANSWERS_MS = 500

export interface DoorOptions {
  readonly app: string
  readonly roles: readonly AnyRole[]
  /** See `GatewayParts`. */
  readonly short: boolean
  readonly process: (() => ProcessFacts) | null
}

export interface DoorParts {
  readonly host: Host
  readonly lives: Lives
  readonly desk: Desk
  readonly speakers: Speakers
}

/** What a peer shows to those who are no members: there before the peer is, as its host needs it to listen. */
export class Door {
  readonly #http: HttpGateway
  #parts: DoorParts | null = null
  #layers: Layers | null = null

  constructor({ app, roles, short, process }: DoorOptions) {
    this.#http = new HttpGateway({
      app,
      roles,
      short,
      peer: () => this.#parts?.lives ?? null,
      layers: () => this.#views(),
      speaker: (asked, nowMs) =>
        new Promise((resolve) => {
          const speakers = this.#parts?.speakers
          if (speakers) speakers.of(asked, nowMs, resolve)
          else resolve({ ok: false, text: 'This peer is starting.' })
        }),
      process: () => process?.() ?? null,
      nowMs: () => this.#parts?.host.clock.now().wallMs ?? 0,
    })
  }

  owns(path: string): boolean {
    return this.#http.owns(path)
  }

  answer(asked: HttpAsked): Promise<HttpAnswer> {
    return this.#http.answer(asked)
  }

  refused(why: string): void {
    this.#http.refused(why)
  }

  /** For clients that ask by their link. */
  manifest(level: 'trusted' | 'stray'): unknown {
    const lives = this.#parts?.lives
    return lives ? this.#http.manifest(level, lives) : null
  }

  /** Where clients of a layer find a member: by its own port of that name, which has the same trust. */
  addressOn(layer: string): AddressOn {
    if (layer === 'main') return ({ address }) => address
    const { lives } = this.#parts ?? {}
    const status = lives?.status()
    const own = status?.layers.find(({ name }) => name === layer)?.address ?? null
    return ({ id }) => {
      if (id === status?.self.id) return own
      return status?.members.find((member) => member.id === id)?.about?.layers?.[layer] ?? null
    }
  }

  /** The peer has begun. Rejects with a `JoinError` when a layer has no port; then the peer has stopped. */
  async open(parts: DoorParts, settings: readonly LayerSettings[]): Promise<void> {
    const { host, lives, desk } = parts
    this.#parts = parts
    if (settings.length === 0) return
    let told = ''
    const layers = new Layers(
      host,
      (link, caller) => desk.accept(link, caller),
      () => lives.touch(),
    )
    this.#layers = layers
    lives.layers = () => layers.views()
    const tell = (): void => {
      const at = Object.fromEntries(layers.views().map(({ name, address }) => [name, address]))
      if (JSON.stringify(at) === told) return
      told = JSON.stringify(at)
      lives.announce({ layers: at })
    }
    lives.observe(({ kind }) => {
      if (kind === 'stopped') layers.close()
      // The machine may have another address now.
      else if (kind === 'status' && told !== '') tell()
    })
    const error = await new Promise((resolve) => layers.open(settings, resolve))
    if (error === null) return tell()
    await new Promise<void>((resolve) => lives.stop(resolve))
    throw error
  }

  /** Everybody is sent elsewhere while the peer stops, and those under way get their answers. */
  async closing(stopped: () => Promise<void>): Promise<void> {
    const answered = this.#http.stop()
    await stopped()
    await new Promise<void>((resolve) => {
      const late = this.#parts?.host.timers.set(LAST_ANSWERS_MS, resolve)
      void answered.then(() => {
        late?.cancel()
        resolve()
      })
    })
  }

  #views(): readonly LayerView[] {
    const status = this.#parts?.lives.status()
    return [mainLayer(status?.self.address ?? ''), ...(this.#layers?.views() ?? [])]
  }
}
