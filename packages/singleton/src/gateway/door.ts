import type { Host } from '@tanist/core'
import type { Lives } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import { HttpGateway } from './http.js'
import type { LayerView, ProcessFacts, Speaker } from './http-parts.js'
import { Layers, mainLayer } from './layers.js'
import type { Authenticate, HttpAnswer, HttpAsked, LayerSettings } from './types.js'

/** How long a peer that has stopped waits for answers that are still to be written. */
const LAST_ANSWERS_MS = 500

export interface DoorOptions {
  readonly app: string
  readonly roles: readonly AnyRole[]
  readonly authenticate: Authenticate | undefined
  /** See `GatewayParts`. */
  readonly short: boolean
  readonly process: (() => ProcessFacts) | null
}

/** What a peer shows to those who are no members: there before the peer is, as its host needs it to listen. */
export class Door {
  readonly #http: HttpGateway
  #lives: Lives | null = null
  #layers: Layers | null = null

  constructor(options: DoorOptions) {
    const { app, roles, short, process } = options
    this.#http = new HttpGateway({
      app,
      roles,
      short,
      peer: () => this.#lives,
      layers: () => this.#views(),
      clients: () => ({ trusted: 0, stray: 0 }),
      speaker: speakerBy(options.authenticate),
      process: () => process?.() ?? null,
      nowMs: () => this.#nowMs(),
    })
  }

  #nowMs: () => number = () => 0

  owns(path: string): boolean {
    return this.#http.owns(path)
  }

  answer(asked: HttpAsked): Promise<HttpAnswer> {
    return this.#http.answer(asked)
  }

  refused(why: string): void {
    this.#http.refused(why)
  }

  /** The peer has begun. Rejects with a `JoinError` when a layer has no port; then the peer has stopped. */
  async open(host: Host, lives: Lives, settings: readonly LayerSettings[]): Promise<void> {
    this.#nowMs = () => host.clock.now().wallMs
    this.#lives = lives
    const layers = new Layers(host, null, () => lives.touch())
    lives.layers = () => layers.views()
    lives.observe(({ kind }) => {
      if (kind === 'stopped') layers.close()
    })
    const error = await new Promise((resolve) => layers.open(settings, resolve))
    if (error !== null) {
      await new Promise<void>((resolve) => lives.stop(resolve))
      throw error
    }
    this.#layers = layers
  }

  /** Everybody is sent elsewhere while the peer stops, and those under way get their answers. */
  async closing(host: Host, stopped: Promise<void>): Promise<void> {
    const answered = this.#http.stop()
    await stopped
    await new Promise<void>((resolve) => {
      const late = host.timers.set(LAST_ANSWERS_MS, resolve)
      void answered.then(() => {
        late.cancel()
        resolve()
      })
    })
  }

  #views(): readonly LayerView[] {
    const address = this.#lives?.status().self.address ?? ''
    return [mainLayer(address), ...(this.#layers?.views() ?? [])]
  }
}

/** By what the application says; without a say of it nobody has a token, and everybody without one is a stray. */
function speakerBy(
  authenticate: Authenticate | undefined,
): (asked: Parameters<Authenticate>[0]) => Promise<Speaker> {
  return async (asked) => {
    if (authenticate === undefined)
      return asked.token === null
        ? { ok: true, user: null, level: 'stray' }
        : { ok: false, text: 'The token is not accepted.' }
    try {
      const as = await authenticate(asked)
      if (as === null) return { ok: false, text: 'The token is not accepted.' }
      return { ok: true, user: as.user ?? null, level: as.level ?? asked.level }
    } catch {
      return { ok: false, text: 'This member could not check the token; ask again.' }
    }
  }
}
