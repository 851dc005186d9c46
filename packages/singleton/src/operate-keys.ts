import type { Log } from '@tanist/core'

/** Keys of the secrets that are accepted here, by their ids. */
export interface KeysHere {
  /** In the order in which they were installed. `used`: new links and datagrams are made with it. */
  list(): readonly { readonly id: string; readonly used: boolean }[]
  /** Accepts a secret from now on; the id of its key. Throws a `RangeError` with a sentence for a weak one. */
  install(secret: string): string
  /** Throws a `RangeError` when there is no such key. */
  use(id: string): void
  /**
   * Links that were made with it are closed, and made anew with the key that is used. Throws a `RangeError` when it is
   * used, or not there.
   */
  remove(id: string): void
}

export interface OperateKeys {
  /**
   * Changes the secret while the cluster runs: `install` the new one on every peer, then `use` it on every peer, then
   * `remove` the old one on every peer. It lasts as long as this process: start it the next time with the new secret.
   *
   * @example
   * const id = peer.operate.keys.install(await readFile('new-secret', 'utf8'))
   * // ... on every peer, and only then on every peer:
   * peer.operate.keys.use(id)
   * // ... on every peer, and only then on every peer:
   * for (const key of peer.operate.keys.list()) if (!key.used) peer.operate.keys.remove(key.id)
   */
  readonly keys: KeysHere
}

export function operateKeys(ring: KeysHere, log: Log): OperateKeys {
  const tell = (event: string, id: string, text: string): void => log.write('info', event, text, { key: id })
  return {
    keys: Object.freeze({
      list: () => ring.list(),
      install: (secret: string) => {
        const id = ring.install(secret)
        tell('key-installed', id, `The key ${id} is accepted from now on.`)
        return id
      },
      use: (id: string) => {
        ring.use(id)
        tell('key-used', id, `New links are made with the key ${id} from now on.`)
      },
      remove: (id: string) => {
        ring.remove(id)
        tell('key-removed', id, `The key ${id} is not accepted any more; links made with it were closed.`)
      },
    }),
  }
}
