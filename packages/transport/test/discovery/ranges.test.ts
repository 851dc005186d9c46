import { describe, expect, it } from 'vitest'
import { discoveryProblem, parseRange } from '../../src/discovery/ranges.js'
import { interfacesOf } from '../../src/node-host/interfaces.js'

describe('a range', () => {
  it('is one address, or all of a subnet but its ends', () => {
    expect(parseRange('10.1.2.7:7101')).toEqual(['10.1.2.7:7101'])
    expect(parseRange('10.1.2.9/30:7101')).toEqual(['10.1.2.9:7101', '10.1.2.10:7101'])
    expect(parseRange('10.1.2.0/24:7101')!.length).toBe(254)
    expect(parseRange('10.1.2.3/32:1')).toEqual(['10.1.2.3:1'])
  })

  it.each([
    '',
    'x',
    '10.1.2.0/24',
    '10.1.2.0/33:1',
    '10.0.0.0/8:1',
    '10.1.2.300/24:1',
    '10.1.2.0/24:0',
    '0.0.0.0:1',
  ])('"%s" is refused with a sentence that says what is allowed', (range) => {
    expect(discoveryProblem({ ranges: [range] })).toMatch(/"discovery.ranges" lists addresses with a port/)
  })

  it('settings that are not right are named', () => {
    expect(discoveryProblem({})).toBeNull()
    expect(
      discoveryProblem({ port: 47_800, sweep: false, broadcast: true, ranges: ['10.1.2.0/24:1'] }),
    ).toBeNull()
    expect(discoveryProblem({ port: 0 })).toBe('"discovery.port" is a whole number from 1 to 65535, not 0.')
    expect(discoveryProblem({ interfaces: { include: [''] } })).toMatch(
      /"discovery.interfaces.include" lists/,
    )
    const many = Array.from({ length: 5 }, (_, i) => `10.1.${i}.0/24:1`)
    expect(discoveryProblem({ ranges: many })).toBe(
      '"discovery.ranges" has 1270 addresses; 1024 are allowed.',
    )
  })
})

describe('interfaces', () => {
  it('have their subnet and its broadcast address; tunnels and single addresses have none', () => {
    const info = (address: string, cidr: string, mac: string, internal = false) =>
      ({ address, cidr, mac, internal, netmask: '', family: 'IPv4' }) as const
    const zero = '00:00:00:00:00:00'
    const found = interfacesOf({
      lo: [info('127.0.0.1', '127.0.0.1/8', zero, true)],
      eth0: [info('192.168.7.9', '192.168.7.9/22', '02:00:00:00:00:01')],
      tun0: [info('10.8.0.5', '10.8.0.5/24', zero)],
      ppp0: [info('10.9.0.5', '10.9.0.5/32', '02:00:00:00:00:02')],
    })
    expect(found.map(({ broadcast, prefix }) => [broadcast, prefix])).toEqual([
      ['127.255.255.255', 8],
      ['192.168.7.255', 22],
      [null, 24],
      [null, 32],
    ])
    expect(found[0]!.loopback).toBe(true)
  })
})
