import { createHmac } from 'node:crypto'
import type { DatagramKey } from './types.js'

export interface KnownKey extends DatagramKey {
  /** 8 bytes; say that a datagram is of this application and secret, and nothing about them. */
  readonly tag: Uint8Array
}

/** The keys that are accepted now, with what is derived from them. */
export class Keys {
  readonly #app: string
  readonly #given: () => readonly DatagramKey[]
  readonly #tags = new WeakMap<Uint8Array, Uint8Array>()

  constructor(app: string, given: () => readonly DatagramKey[]) {
    this.#app = app
    this.#given = given
  }

  get used(): KnownKey | undefined {
    const [first] = this.#given()
    return first && this.#known(first)
  }

  readonly find = (keyId: number, tag: Uint8Array): KnownKey | undefined => {
    for (const key of this.#given()) {
      if (key.id !== keyId) continue
      const known = this.#known(key)
      if (Buffer.compare(known.tag, tag) === 0) return known
    }
    return undefined
  }

  #known(key: DatagramKey): KnownKey {
    let tag = this.#tags.get(key.key)
    if (tag === undefined) {
      tag = createHmac('sha256', key.key).update(`cluster|${this.#app}`).digest().subarray(0, 8)
      this.#tags.set(key.key, tag)
    }
    return { ...key, tag }
  }
}
