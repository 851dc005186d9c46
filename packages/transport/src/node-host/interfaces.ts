import type { NetworkInterfaceInfo } from 'node:os'

/**
 * Addresses by which others may reach this machine: IPv4 before IPv6, those that nobody assigned (169.254) last. IPv6
 * addresses of one link only need the name of an interface to be dialled, and are left out.
 */
export function reachableAddresses(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
): string[] {
  const found = Object.values(interfaces).flatMap((infos) => infos ?? [])
  const usable = found.filter((info) => !info.internal && !/^fe[89ab]/i.test(info.address))
  return usable.toSorted((a, b) => rank(a) - rank(b)).map(({ address }) => address)
}

function rank({ family, address }: NetworkInterfaceInfo): number {
  return family !== 'IPv4' ? 1 : address.startsWith('169.254.') ? 2 : 0
}
