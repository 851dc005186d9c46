import type { Address, Level, MemberId } from '@tanist/core'

/** What a server says of itself to whoever asks: `GET /manifest`, and in answer to a client. */
export interface Manifest {
  readonly app: string
  /** Of Tanist, of the client protocol, and of the application as `about.version` has it. */
  readonly versions: {
    readonly tanist: string
    readonly client: number
    readonly link: number
    readonly app: string | null
  }
  readonly clusterId: string | null
  readonly self: { readonly id: MemberId; readonly name: string; readonly address: Address }
  readonly server: {
    readonly id: MemberId
    readonly name: string
    readonly address: Address
    readonly term: number
  } | null
  readonly successor: { readonly id: MemberId; readonly name: string } | null
  readonly members: readonly ManifestMember[]
  /** Share of the time in which this process has work; null when it is not told. */
  readonly load: number | null
  /** Null to strays. */
  readonly connections: { readonly members: number; readonly trusted: number; readonly stray: number } | null
  readonly sandboxes: readonly string[]
  readonly layers: readonly {
    readonly name: string
    readonly address: Address
    readonly accepts: readonly Level[]
    readonly secure: boolean
  }[]
  /** To strays those with open commands alone. */
  readonly roles: readonly { readonly name: string; readonly open: readonly string[] }[]
  readonly waitingFor: string | null
}

/** To strays: names and addresses of members, and nothing of their state, only where `main` or a layer takes strays. */
export interface ManifestMember {
  readonly id: MemberId
  readonly name: string
  readonly address: Address
  readonly load: number | null
}
