import type { NetworkInterfaceInfo } from 'node:os'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { nodeHost } from '../../src/node-host/index.js'
import { reachableAddresses } from '../../src/node-host/interfaces.js'

const info = (address: string, internal = false): NetworkInterfaceInfo => {
  const rest = { address, internal, mac: '02:00:00:00:00:01', netmask: '', cidr: null }
  return address.includes(':') ? { ...rest, family: 'IPv6', scopeid: 0 } : { ...rest, family: 'IPv4' }
}

describe('the addresses of this machine', () => {
  it('are those that others can dial, the likeliest first', () => {
    const found = reachableAddresses({
      lo: [info('127.0.0.1', true), info('::1', true)],
      eth0: [info('fe80::1'), info('2001:db8::7'), info('169.254.9.9'), info('192.168.1.7')],
      none: undefined,
      wlan0: [info('10.0.0.3')],
    })
    expect(found).toEqual(['192.168.1.7', '10.0.0.3', '2001:db8::7', '169.254.9.9'])
  })

  it('are asked of the system each time', () => {
    const host = nodeHost({ app: 'shop', secret: 'a secret for tests', log: { write: () => {} } })
    expect(host.network.interfaces?.()).toEqual(reachableAddresses(networkInterfaces()))
  })
})
