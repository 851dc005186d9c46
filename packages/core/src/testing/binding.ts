import type { Address, ListenFailure } from '../host/index.js'
import { hostOf, type Machine, portOf } from './machine.js'

const wildcards = new Set(['0.0.0.0', '[::]', '*'])

export const isWild = (host: string): boolean => wildcards.has(host)

/** The real address for `wanted`: own host for a wildcard, a free port for port 0; or why not. */
export function bindAddress(
  machine: Machine,
  wanted: Address,
  taken: (address: Address) => boolean,
): Address | ListenFailure {
  const host = hostOf(wanted)
  const own = host === machine.hostName || host === machine.firstHostName || isWild(host)
  if (!own) {
    return { code: 'not-allowed', text: `${wanted} is not an address of ${machine.name}` }
  }
  if (portOf(wanted) !== '0') {
    const address = `${machine.hostName}:${portOf(wanted)}`
    return taken(address) ? { code: 'in-use', text: `${address} is in use` } : address
  }
  let address: Address
  do address = `${machine.hostName}:${machine.nextPort++}`
  while (taken(address))
  return address
}
