import type { NetworkInterfaceInfo } from 'node:os'
import type { NetworkInterface } from '@tanist/core'
import { broadcastOf } from '../ipv4.js'

type Infos = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

/**
 * Addresses by which others may reach this machine: IPv4 before IPv6, those that nobody assigned (169.254) last. IPv6
 * addresses of one link only need the name of an interface to be dialled, and are left out.
 */
export function reachableAddresses(interfaces: Infos): string[] {
  const found = Object.values(interfaces).flatMap((infos) => infos ?? [])
  const usable = found.filter((info) => !info.internal && !isLinkLocal(info.address))
  return usable.toSorted((a, b) => rank(a) - rank(b)).map(({ address }) => address)
}

/** The same with names and subnets, loopback too. */
export function interfacesOf(interfaces: Infos): NetworkInterface[] {
  return Object.entries(interfaces).flatMap(([name, infos]) =>
    (infos ?? []).map((info) => ({
      name,
      family: info.family === 'IPv4' ? (4 as const) : (6 as const),
      address: info.address,
      prefix: Number(info.cidr?.split('/')[1] ?? (info.family === 'IPv4' ? 32 : 128)),
      broadcast: info.family === 'IPv4' ? directedBroadcast(info) : null,
      loopback: info.internal,
    })),
  )
}

/** A tunnel has no hardware address; what is sent there to everybody reaches nobody, or somebody far away. */
function directedBroadcast({ address, cidr, mac, internal }: NetworkInterfaceInfo): string | null {
  const prefix = Number(cidr?.split('/')[1] ?? 32)
  if (prefix > 30 || (!internal && mac === '00:00:00:00:00:00')) return null
  return broadcastOf(address, prefix)
}

const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

function rank({ family, address }: NetworkInterfaceInfo): number {
  return family !== 'IPv4' ? 1 : address.startsWith('169.254.') ? 2 : 0
}
