import type { Address } from '@tanist/core'
import { hostMask, ipv4Of, ipv4Text, networkOf } from '../ipv4.js'
import { sweepAddresses } from '../limits.js'
import { canBeDialled } from './addresses.js'
import type { DiscoverySettings } from './types.js'

/** All addresses of `10.1.2.0/24:7101` but those of the subnet itself, or the one of `10.1.2.7:7101`; undefined for neither. */
export function parseRange(range: string): Address[] | undefined {
  const parts = /^([\d.]+)\/(\d{1,2}):(\d{1,5})$/.exec(range)
  if (parts === null) return canBeDialled(range) ? [range] : undefined
  const [value, prefix, port] = [ipv4Of(parts[1] ?? ''), Number(parts[2]), Number(parts[3])]
  if (value === undefined || prefix > 32 || port < 1 || port > 65_535) return undefined
  const hosts = hostsOf(value, prefix)
  return hosts?.map((host) => `${host}:${port}`)
}

/** Undefined for more than a sweep may have. */
export function hostsOf(value: number, prefix: number): string[] | undefined {
  const ends = prefix >= 31 ? 0 : 1
  const count = hostMask(prefix) + 1 - 2 * ends
  if (count > sweepAddresses) return undefined
  const first = networkOf(value, prefix) + ends
  return Array.from({ length: count }, (_, i) => ipv4Text((first + i) >>> 0))
}

/** What is wrong with them, in a sentence that names the option and what is allowed; null when all is right. */
export function discoveryProblem(settings: DiscoverySettings): string | null {
  // What a program without types may give.
  if (typeof (settings as unknown) !== 'object' || settings === null)
    return `The option discovery is ${JSON.stringify(settings)}; allowed is false or an object of settings.`
  const { port, ranges = [], interfaces = {} } = settings
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    return `"discovery.port" is a whole number from 1 to 65535, not ${String(port)}.`
  }
  for (const [name, value] of [
    ['broadcast', settings.broadcast],
    ['sweep', settings.sweep],
  ] as const) {
    if (value !== undefined && typeof value !== 'boolean') {
      return `"discovery.${name}" is true or false, not ${String(value)}.`
    }
  }
  for (const name of ['include', 'exclude'] as const) {
    const bad = (interfaces[name] ?? []).find((pattern) => typeof pattern !== 'string' || pattern === '')
    if (bad !== undefined) {
      return `"discovery.interfaces.${name}" lists names or addresses of interfaces, as "eth0", "docker*" or "10.0.0.7", not "${bad}".`
    }
  }
  let count = 0
  for (const range of ranges) {
    const addresses = parseRange(range)
    if (addresses === undefined) {
      return `"discovery.ranges" lists addresses with a port, as "10.1.2.0/24:7101" or "10.1.2.7:7101", of ${sweepAddresses} addresses at most, not "${range}".`
    }
    count += addresses.length
  }
  if (count <= sweepAddresses) return null
  return `"discovery.ranges" has ${count} addresses; ${sweepAddresses} are allowed.`
}
