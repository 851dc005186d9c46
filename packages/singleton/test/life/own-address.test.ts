import type { Host } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { advertised, OwnAddress } from '../../src/peer/own-address.js'

/** A machine whose clocks and addresses the test sets, and a peer on it that beats every 250 ms. */
class Machine {
  monotonicMs = 1_000
  wallMs = 1_700_000_000_000
  hosts: string[] = ['10.0.0.5']
  looks = 0
  readonly told: string[] = []
  readonly host: Host
  readonly own: OwnAddress

  constructor(settings: { listen?: string; advertise?: string; bound?: string } = {}) {
    const { listen = '0.0.0.0:7100', advertise = null, bound = '0.0.0.0:7100' } = settings
    const parts: Pick<Host, 'clock' | 'network'> = {
      clock: { now: () => ({ monotonicMs: this.monotonicMs, wallMs: this.wallMs }) },
      network: {
        listen: () => ({ close: () => {} }),
        dial: () => {
          throw new Error('nobody dials here')
        },
        interfaces: () => {
          this.looks += 1
          return this.hosts
        },
      },
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is used
    this.host = parts as Host
    const address = advertised(this.host, { listen, advertise }, bound)
    this.told.push(`at ${address}`)
    this.own = new OwnAddress(this.host, { listen, advertise }, address, {
      changed: (at, why) => this.told.push(`${why} ${at}`),
      lost: (at) => this.told.push(`lost ${at}`),
    })
    this.looks = 0
  }

  run(ms: number): this {
    for (let t = 0; t < ms; t += 250) {
      this.monotonicMs += 250
      this.wallMs += 250
      this.own.beat()
    }
    return this
  }
}

describe('the address that others dial', () => {
  it('of a listener on all networks is the likeliest one of its machine', () => {
    expect(new Machine().told).toEqual(['at 10.0.0.5:7100'])
    expect(new Machine({ listen: '[::]:7100', bound: '[::]:7100' }).told).toEqual(['at 10.0.0.5:7100'])
    expect(new Machine({ advertise: 'shop.example:80' }).told).toEqual(['at shop.example:80'])
    expect(new Machine({ listen: '10.0.0.9:0', bound: '10.0.0.9:4711' }).told).toEqual(['at 10.0.0.9:4711'])
  })

  it('changes within two seconds of the machine', () => {
    const machine = new Machine().run(1_000)
    machine.hosts = ['10.0.0.77']
    expect(machine.run(1_750).told).toEqual(['at 10.0.0.5:7100', 'address 10.0.0.77:7100'])
    expect(machine.run(10_000).told.length).toBe(2)
  })

  it('changes once in a hand-over between networks that gives several in a row', () => {
    const machine = new Machine().run(1_000)
    for (const hosts of [[], ['169.254.3.4'], [], ['10.0.9.9']]) {
      machine.hosts = hosts
      machine.run(500)
    }
    expect(machine.run(5_000).told.slice(1)).toEqual(['address 10.0.9.9:7100'])
  })

  it('stays as long as it is one of the machine, whatever comes beside it', () => {
    const machine = new Machine().run(1_000)
    machine.hosts = ['10.8.0.1', '10.0.0.5']
    expect(machine.run(10_000).told.length).toBe(1)
  })

  it('stays while there is no network at all, and when it was given', () => {
    const machine = new Machine().run(1_000)
    machine.hosts = []
    expect(machine.run(10_000).told.length).toBe(1)
    const given = new Machine({ advertise: '10.0.0.5:80' })
    given.hosts = ['10.0.0.6']
    expect(given.run(10_000).told.length).toBe(1)
  })

  it('is reported as lost, once, when it is the only one that is listened at', () => {
    const machine = new Machine({ listen: '10.0.0.5:7100', bound: '10.0.0.5:7100' })
    machine.hosts = ['10.0.0.6']
    expect(machine.run(10_000).told).toEqual(['at 10.0.0.5:7100', 'lost 10.0.0.5:7100'])
    const local = new Machine({ listen: '127.0.0.1:7100', bound: '127.0.0.1:7100' })
    expect(local.run(10_000).told.length).toBe(1)
    const named = new Machine({ listen: 'desk.local:7100', bound: 'desk.local:7100' })
    expect(named.run(10_000).told.length).toBe(1)
  })

  it('is looked up every second, and at once when a peer is missed', () => {
    const machine = new Machine().run(10_000)
    expect(machine.looks).toBe(10)
    machine.own.soon()
    machine.run(250)
    expect(machine.looks).toBe(11)
  })
})

describe('a sleep', () => {
  it.each([
    ['the wall clock alone went on', 0, 3_600_000],
    ['both clocks went on', 3_600_000, 3_600_000],
  ])('shows when %s', (_what, monotonicMs, wallMs) => {
    const machine = new Machine().run(1_000)
    machine.monotonicMs += monotonicMs
    machine.wallMs += wallMs
    expect(machine.run(500).told.slice(1)).toEqual(['resume 10.0.0.5:7100'])
  })

  it('is not seen in a pause of some seconds, or in a clock that is set back', () => {
    const machine = new Machine().run(1_000)
    machine.monotonicMs += 4_000
    machine.wallMs += 4_000
    machine.run(500)
    machine.wallMs -= 3_600_000
    expect(machine.run(5_000).told.length).toBe(1)
  })
})
