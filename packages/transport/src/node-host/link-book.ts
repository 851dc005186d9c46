import type { KeyRing } from '../trust/index.js'
import type { SocketLink } from './link.js'

/** Links by the key that they were made with: they end with it. */
export interface LinkBook {
  add(keyId: string, link: SocketLink): void
  drop(keyId: string, link: SocketLink): void
}

export function linkBook(ring: KeyRing): LinkBook {
  const byKey = new Map<string, Set<SocketLink>>()
  ring.onRemoved((keyId) => {
    const text = `The key ${keyId} was removed here; link again with another one.`
    for (const link of byKey.get(keyId) ?? []) link.close('key-removed', text)
  })
  return {
    add(keyId, link) {
      const links = byKey.get(keyId) ?? new Set()
      byKey.set(keyId, links.add(link))
    },
    drop(keyId, link) {
      const links = byKey.get(keyId)
      links?.delete(link)
      if (links?.size === 0) byKey.delete(keyId)
    },
  }
}
