import { createHmac, hkdfSync } from 'node:crypto'
import type { DatagramKey } from '../discovery/index.js'
import { keysMost } from '../limits.js'
import { bare, keyMaterial, weakness } from './secrets.js'

/** Keys of one secret; which of them is which is all that anybody says of them. */
export interface Keys {
  /** 8 hexadecimal digits; says nothing about the secret. */
  readonly id: string
  readonly member: Uint8Array
  readonly trusted: Uint8Array
  /** For tokens of strays: see the gateway. */
  readonly token: Uint8Array
  readonly datagram: Uint8Array
}

export interface KeyInfo {
  readonly id: string
  /** New links and datagrams are made with it. */
  readonly used: boolean
}

/**
 * The secrets that are accepted here; one of them is used. Rotation without downtime: `install` the new one everywhere,
 * `use` it everywhere, `remove` the old one everywhere.
 */
export interface KeyRing {
  readonly used: Keys
  get(id: string): Keys | undefined
  list(): readonly KeyInfo[]
  /** Made of the empty secret: whoever gets here holds it. */
  readonly open: boolean
  datagramKeys(): readonly DatagramKey[]
  /** Accepted from now on; its id. Throws a `RangeError` with a sentence for a weak secret. */
  install(secret: string): string
  /** Throws a `RangeError` when it is not installed. */
  use(id: string): void
  /** Links made with it are closed. Throws a `RangeError` when it is used or not installed. */
  remove(id: string): void
  /** Told of the id of each key that is removed. */
  onRemoved(listener: (id: string) => void): () => void
}

/** `secrets`: the first is used; white space around them does not count. Throws a `RangeError` with a sentence for a weak one; the empty one has to be alone. */
export function keyRing(app: string, secrets: readonly string[]): KeyRing {
  const all = new Map<string, Keys>()
  const listeners = new Set<(id: string) => void>()
  const accept = (secret: string): Keys => {
    const keys = keysOf(app, secret)
    if (!all.has(keys.id) && all.size >= keysMost) {
      throw new RangeError(`There are ${all.size} keys, which is the most; remove one first.`)
    }
    const known = all.get(keys.id) ?? keys
    all.set(keys.id, known)
    return known
  }
  const need = (id: string): Keys => {
    const keys = all.get(id)
    if (keys !== undefined) return keys
    throw new RangeError(`There is no key ${JSON.stringify(id)}; there are ${[...all.keys()].join(', ')}.`)
  }
  const [first, ...rest] = secrets
  if (first === undefined) throw new RangeError('There is no secret.')
  const open = first === '' && rest.length === 0
  let used = open ? accept('') : accept(strong(first))
  for (const secret of rest) accept(strong(secret))
  return {
    get used() {
      return used
    },
    open,
    get: (id) => all.get(id),
    list: () => [...all.keys()].map((id) => ({ id, used: id === used.id })),
    datagramKeys: () => [used, ...[...all.values()].filter((keys) => keys !== used)].map(datagramKey),
    install: (secret) => accept(strong(secret)).id,
    use: (id) => {
      used = need(id)
    },
    remove: (id) => {
      if (need(id) === used) throw new RangeError(`The key ${id} is used; use another one before.`)
      all.delete(id)
      for (const listener of listeners) listener(id)
    },
    onRemoved: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** White space alone is not the empty secret: an empty file must not open a cluster to everybody. */
function strong(given: string): string {
  const secret = bare(given)
  const weak = weakness(secret)
  if (weak !== undefined) throw new RangeError(weak)
  return secret
}

function datagramKey({ id, datagram }: Keys): DatagramKey {
  return { id: Number.parseInt(id, 16), key: datagram }
}

function keysOf(app: string, secret: string): Keys {
  const material = keyMaterial(app, secret)
  const derive = (what: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', material, `tanist v2 ${what}`, app, 32))
  const id = createHmac('sha256', derive('id')).update(app).digest('hex').slice(0, 8)
  return {
    id,
    member: derive('member'),
    trusted: derive('trusted'),
    token: derive('token'),
    datagram: derive('datagram'),
  }
}
