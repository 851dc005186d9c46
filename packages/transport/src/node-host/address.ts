import { isIPv6 } from 'node:net'
import type { Address } from '@tanist/core'

export interface Endpoint {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Splits `host:port` or `[v6]:port`, also `[fe80::1%eth0]:port`; undefined when it is neither. */
export function parseAddress(address: Address): Endpoint | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):(\d{1,5})$/.exec(address)
  const host = parts?.[1] ?? parts?.[2]
  const port = Number(parts?.[3])
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

export function formatAddress(host: string, port: number): Address {
  const plain = plainHost(host)
  return isIPv6(plain) ? `[${plain}]:${port}` : `${plain}:${port}`
}

/** An IPv4 caller of a socket for both families shows as `::ffff:1.2.3.4`. */
export function plainHost(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : host
}
