import type { Host } from '@tanist/core'
import { Desk, Speakers } from '../gateway/index.js'
import { EventStreams, Lives } from '../peer/index.js'
import type { PeerCore } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'

/** No token counts in this world: everybody holds every key. */
const NO_TOKENS = { used: '', mac: () => null }

/** What a peer needs so that clients can come, through all its identities. */
export class PeerDesk {
  readonly desk: Desk
  readonly #host: Host
  #lives: Lives | null = null

  constructor(host: Host, app: string, roles: readonly AnyRole[]) {
    this.#host = host
    this.desk = new Desk({
      host,
      app,
      roles,
      speakers: new Speakers(null, NO_TOKENS, host.log),
      addressOn: () => (member) => member.address,
      manifest: () => ({ app }),
    })
  }

  follow(core: PeerCore): void {
    if (this.#lives !== null) return this.#lives.goOn(core)
    this.#lives = new Lives(core)
    this.desk.begin(this.#lives, new EventStreams(this.#lives, this.#host.timers))
  }
}
