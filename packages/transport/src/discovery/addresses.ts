import { isIP } from 'node:net'
import type { Address } from '@tanist/core'
import { discoveryNameBytes } from '../limits.js'
import { ipv4Of, ipv4Text } from '../ipv4.js'

export interface HostPort {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Undefined without a host or a port from 0 to 65535. */
export function splitAddress(address: Address): HostPort | undefined {
  const parts = /^(?:\[([^\]]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(address)
  const host = parts?.[1] ?? parts?.[2]
  const port = Number(parts?.[3])
  return host === undefined || port > 65_535 ? undefined : { host, port }
}

export const joinAddress = (host: string, port: number): Address =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const hostOf = (address: Address): string => splitAddress(address)?.host ?? ''

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (ipv4Of(host) ?? 0) >>> 24 === 127

export type HostKind = 4 | 6 | 'name'

export function kindOf(host: string): HostKind {
  const family = isIP(host)
  return family === 4 || family === 6 ? family : 'name'
}

/** Whether it can be one process's address: no wildcard, no group, nothing that only its own machine understands. */
export function canBeDialled(address: Address): boolean {
  const parts = splitAddress(address)
  if (parts === undefined || parts.port === 0) return false
  const { host } = parts
  const value = ipv4Of(host)
  if (value !== undefined) return value >>> 24 !== 0 && value >>> 24 < 224
  if (isIP(host) === 6) return !/^(?:::$|ff|fe[89ab]|::ffff:)/i.test(host) && !host.includes('%')
  return host.length <= discoveryNameBytes && /^[\w.~-]*[a-z_~-][\w.~-]*$/i.test(host)
}

const parsed = (part: string | undefined): number[] =>
  part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []

/** 16 bytes; undefined when it is none, or has a scope. */
export function ipv6Bytes(text: string): Uint8Array | undefined {
  if (isIP(text) !== 6 || text.includes('%')) return undefined
  // An IPv4 tail is two groups.
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const value = ipv4Of(tail?.[2] ?? '') ?? 0
  const plain = tail ? `${tail[1]}${(value >>> 16).toString(16)}:${(value & 65_535).toString(16)}` : text
  const [head = '', rest] = plain.split('::')
  const [before, after] = [parsed(head), parsed(rest)]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0)
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]))
}

export function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

export const ipv4Bytes = (host: string): Uint8Array => {
  const value = ipv4Of(host) ?? 0
  return Uint8Array.of(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255)
}

export const ipv4FromBytes = (bytes: Uint8Array): string =>
  ipv4Text(((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0)
