import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { DatagramKey } from '../discovery/index.js'

/** A secret of 256 random bits, as text to put into a file or an environment variable. */
export function newSecret(): string {
  return `tanist_${randomBytes(32).toString('base64url')}`
}

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

/** `secrets`: the first is used. */
export function keyRing(app: string, secrets: readonly string[]): KeyRing {
  const all = secrets.map((secret) => keysOf(app, secret))
  const [used] = all
  if (used === undefined) throw new RangeError('There is no secret.')
  return {
    used,
    get: (id) => all.find((keys) => keys.id === id),
    list: () => all.map(({ id }) => ({ id, used: id === used.id })),
    datagramKeys: () => all.map(({ id, datagram }) => ({ id: Number.parseInt(id, 16), key: datagram })),
    install: () => {
      throw new RangeError('Not built yet.')
    },
    use: () => {},
    remove: () => {},
    onRemoved: () => () => {},
  }
}

function keysOf(app: string, secret: string): Keys {
  const derive = (what: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, `tanist v2 ${what}`, app, 32))
  const id = createHmac('sha256', derive('id')).update(app).digest('hex').slice(0, 8)
  return {
    id,
    member: derive('member'),
    trusted: derive('trusted'),
    token: derive('token'),
    datagram: derive('datagram'),
  }
}
