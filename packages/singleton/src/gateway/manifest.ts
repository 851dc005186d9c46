import { CLIENT_PROTOCOL } from '../client/index.js'
import type { Manifest, ManifestMember } from '../client/index.js'
import type { PeerStatus } from '../peer/index.js'
import type { AnyRole } from '../role/index.js'
import type { LayerView } from './http-parts.js'
import { LINK_VERSION, TANIST_VERSION } from './versions.js'

export interface ManifestParts {
  readonly app: string
  readonly roles: readonly AnyRole[]
  readonly status: PeerStatus
  readonly layers: readonly LayerView[]
}

/** What this member says to whoever asks; to strays what they need to find their way, and nothing of how anybody fares. */
export function manifestFor(level: 'trusted' | 'stray', parts: ManifestParts): Manifest {
  const { app, roles, status, layers } = parts
  const isTrusted = level === 'trusted'
  const { self, server, successors, members, term, clients } = status
  const own = members.find(({ id }) => id === self.id)?.about ?? null
  const [next] = successors
  return {
    app,
    versions: {
      tanist: TANIST_VERSION,
      client: CLIENT_PROTOCOL,
      link: LINK_VERSION,
      app: own?.version ?? null,
    },
    clusterId: status.clusterId,
    self: { id: self.id, name: self.name, address: self.address },
    server: server && { id: server.id, name: server.name, address: server.address, term },
    successor: next ?? null,
    members: members.map((member): ManifestMember => {
      const { id, name, address, about } = member
      return { id, name, address, load: isTrusted ? (about?.load ?? null) : null }
    }),
    load: isTrusted ? (own?.load ?? null) : null,
    connections: isTrusted
      ? { members: linked(status), trusted: clients.trusted, stray: clients.stray }
      : null,
    sandboxes: [],
    layers: layers
      .filter(({ accepts }) => isTrusted || accepts.includes('stray'))
      .map(({ name, address, accepts, secure }) => ({ name, address, accepts, secure })),
    roles: offered(level, roles),
    waitingFor: status.waitingFor,
  }
}

/** To strays the roles with open commands, or whose state they may read. */
export function offered(level: 'trusted' | 'stray', roles: readonly AnyRole[]): Manifest['roles'] {
  return roles
    .filter((role) => level === 'trusted' || (role.open ?? []).length > 0 || isReadable(role))
    .map(({ name, open = [] }) => ({ name, open }))
}

/** By strays. */
export function isReadable(role: AnyRole): boolean {
  return role.readable === 'stray'
}

export function linked({ self, links }: PeerStatus): number {
  return links.filter(({ from, state }) => from.id === self.id && state !== 'silent').length
}
