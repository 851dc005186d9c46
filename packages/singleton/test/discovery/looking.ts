import type { Host } from '@tanist/core'
import { keyRing, startDiscovery } from '@tanist/transport'
import type { DiscoverySettings } from '@tanist/transport'
import type { Look } from '../../src/peer/index.js'

const ring = keyRing('sim', ['a secret that all of this simulated office hold'])

/** The discovery that `join` begins, in whatever world. */
export const lookingWith =
  (settings: DiscoverySettings) =>
  (host: Host): Look =>
  (where, hooks) =>
    startDiscovery(
      host,
      { app: 'sim', keys: () => ring.datagramKeys(), want: 'join', ...settings, ...where },
      hooks,
    )

export const looking: (host: Host) => Look = lookingWith({})
