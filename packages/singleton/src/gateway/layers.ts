import type { Address, ClientCaller, Host, Level, Link, LinkHandlers, Listener, Timer } from '@tanist/core'
import { advertised, JoinError } from '../peer/index.js'
import type { LayerView } from './http-parts.js'
import type { GatewayPart, LayerSettings } from './types.js'

/** After a port was lost while the peer ran. */
const RETRY_MS = 1_000

const MAIN_ACCEPTS: readonly Level[] = ['member', 'trusted', 'stray']
const MAIN_SERVES: readonly GatewayPart[] = ['manifest', 'health', 'metrics', 'roles', 'clients']
const DEFAULT_ACCEPTS: readonly Level[] = ['trusted', 'stray']
const DEFAULT_SERVES: readonly GatewayPart[] = ['manifest', 'health', 'roles', 'clients']

/** How clients are taken, where the layer takes them. */
export type TakeClient = (link: Link, caller: ClientCaller) => LinkHandlers

/** The port that members use, as a layer. */
export function mainLayer(address: Address): LayerView {
  return { name: 'main', address, accepts: MAIN_ACCEPTS, secure: false, serves: MAIN_SERVES, problem: null }
}

/**
 * The further ports of a peer: opened after it, closed with it. A port that cannot be had at the start is the end of the
 * start; one that is lost later is tried again every second, and the peer goes on without.
 */
export class Layers {
  readonly #host: Host
  readonly #client: TakeClient | null
  readonly #changed: () => void
  readonly #open: OpenLayer[] = []

  /** `changed`: what `views` gives is another one. */
  constructor(host: Host, client: TakeClient | null, changed: () => void) {
    this.#host = host
    this.#client = client
    this.#changed = changed
  }

  /** One after another; `done` gets the first problem, and then none of them is open. */
  open(settings: readonly LayerSettings[], done: (error: JoinError | null) => void): void {
    const [first, ...rest] = settings
    if (first === undefined) return done(null)
    const layer = new OpenLayer(this.#host, first, this.#client, this.#changed)
    this.#open.push(layer)
    layer.listen((problem) => {
      if (problem === null) return this.open(rest, done)
      this.close()
      done(new JoinError('listen', `The layer ${first.name}: ${problem}`))
    })
  }

  views(): readonly LayerView[] {
    return this.#open.map((layer) => layer.view())
  }

  close(): void {
    for (const layer of this.#open.splice(0)) layer.close()
  }
}

class OpenLayer {
  readonly #host: Host
  readonly #settings: LayerSettings
  readonly #client: TakeClient | null
  readonly #changed: () => void
  #bound: Address | null = null
  #problem: string | null = null
  #listener: Listener | null = null
  #timer: Timer | null = null
  #isClosed = false

  constructor(host: Host, settings: LayerSettings, client: TakeClient | null, changed: () => void) {
    this.#host = host
    this.#settings = settings
    this.#client = client
    this.#changed = changed
  }

  /** `first`: told once, with a problem or null. */
  listen(first: ((problem: string | null) => void) | null): void {
    const { name, listen, accepts = DEFAULT_ACCEPTS, certificate, serves = DEFAULT_SERVES } = this.#settings
    const client = serves.includes('clients') ? this.#client : null
    let told = first
    const tell = (problem: string | null): void => {
      const to = told
      told = null
      to?.(problem)
    }
    this.#listener = this.#host.network.listen(
      // A free port that others were told is kept.
      this.#bound ?? listen,
      {
        listening: (address) => {
          this.#bound = address
          this.#problem = null
          this.#changed()
          tell(null)
        },
        accept: refuseMember,
        ...(client !== null && { client }),
        failed: ({ text }) => {
          if (told !== null) return tell(text)
          if (this.#problem === null)
            this.#host.log.write('error', 'layer-lost', `The layer ${name}: ${text}`, { layer: name })
          this.#problem = text
          this.#changed()
          if (!this.#isClosed) this.#timer = this.#host.timers.set(RETRY_MS, () => this.listen(null))
        },
      },
      { layer: name, accepts, ...(certificate !== undefined && { certificate }) },
    )
  }

  view(): LayerView {
    const { name, listen, advertise, accepts = DEFAULT_ACCEPTS } = this.#settings
    const { certificate, serves = DEFAULT_SERVES } = this.#settings
    const where = { listen, advertise: advertise ?? null }
    return {
      name,
      address: advertised(this.#host, where, this.#bound ?? listen),
      accepts,
      secure: certificate !== undefined,
      serves,
      problem: this.#problem,
    }
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#listener?.close()
  }
}

function refuseMember(link: Link): LinkHandlers {
  link.close('not-open', 'members come by the layer main alone')
  return { opened: () => {}, frame: () => {}, closed: () => {} }
}
