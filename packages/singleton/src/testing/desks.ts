import type { Host } from '@tanist/core'
import { Desk, Speakers } from '../gateway/index.js'
import type { Authenticate, TokenKeys } from '../gateway/index.js'
import { EventStreams, Lives } from '../peer/index.js'
import type { PeerCore } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'

export interface DesksOptions {
  readonly authenticate?: Authenticate
}

/** Keys that keep nobody out, for a world in which everybody holds every key. */
export const worldKeys: TokenKeys = {
  used: '00000001',
  mac: (keyId, text) => {
    if (keyId !== '00000001') return null
    let sum = 7
    for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0
    return sum.toString(36)
  },
}

interface Running {
  readonly life: number
  readonly host: Host
  readonly desk: Desk
  lives: Lives | null
}

/** Lets the peers of a simulated office take clients, as `join` does, through all identities of each process. */
export class Desks {
  readonly #options: DesksOptions
  readonly #now = new Map<string, Running>()

  constructor(options: DesksOptions) {
    this.#options = options
  }

  open(node: string, life: number, host: Host, roles: readonly AnyRole[]): Desk {
    const { authenticate = null } = this.#options
    const desk = new Desk({
      host,
      app: 'sim',
      roles,
      speakers: new Speakers(authenticate, worldKeys, host.log),
      addressOn: () => (member) => member.address,
      manifest: (level) => ({ app: 'sim', level }),
    })
    this.#now.set(node, { life, host, desk, lives: null })
    return desk
  }

  begun(node: string, life: number, core: PeerCore): void {
    const running = this.#now.get(node)
    if (running?.life !== life) return
    if (running.lives !== null) return running.lives.goOn(core)
    running.lives = new Lives(core)
    running.desk.begin(running.lives, new EventStreams(running.lives, running.host.timers))
  }

  at(node: string, life: number): Desk | null {
    const running = this.#now.get(node)
    return running?.life === life ? running.desk : null
  }
}
