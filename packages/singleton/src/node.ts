/* What of Node's host is part of the public face of this package. */
export { newSecret } from '@tanist/transport'
export type { Certificates, DiscoverySettings, KeyInfo } from '@tanist/transport'
