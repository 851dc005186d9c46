import { describe, expect, it } from 'vitest'
import { discoveryBytes } from '../../src/limits.js'
import { clusterId, eth, idOf, Lan, type Process, viewOf } from './lan.js'

const server = (n: number): ReturnType<typeof viewOf> => viewOf(n, { isServer: true, clusterId })

/** When datagrams of one length or more left a process to an address, in whole milliseconds. */
const times = (lan: Lan, to: RegExp): number[] =>
  lan.sent.filter((one) => to.test(one.to)).map(({ atMs }) => Math.round(atMs))

describe('who looks', () => {
  it('finds the server at once, by a broadcast on its interface', () => {
    const lan = new Lan(1)
    lan.machine(eth('10.0.0.1')).start(server(1)).step({ kind: 'settled', found: true })
    lan.run(3_000)
    const newcomer = lan.machine(eth('10.0.0.2')).start(viewOf(2))
    lan.run(5)
    expect(newcomer.found[0]).toMatchObject({
      memberId: idOf(1),
      clusterId,
      isServer: true,
      addresses: ['10.0.0.1:7101'],
      by: 'hello',
    })
    expect(newcomer.found[0]!.atMs - 3_000).toBeLessThan(2)
  })

  it('asks at 0, 150, 400 and 900 ms and then every 5 s, each a fifth sooner or later', () => {
    const lan = new Lan(2)
    lan.machine(eth('10.0.0.1')).start(viewOf(1))
    lan.run(60_000)
    const at = times(lan, /^10\.0\.0\.255/)
    const gaps = at.map((ms, i) => ms - (at[i - 1] ?? 0))
    for (const [i, gap] of [0, 150, 250, 500, 5_000, 5_000, 5_000].entries()) {
      expect(gaps[i], `gap ${i}`).toBeGreaterThanOrEqual(gap * 0.8 - 1)
      expect(gaps[i], `gap ${i}`).toBeLessThanOrEqual(gap * 1.2 + 1)
    }
  })

  it('sweeps the own /24 once when nobody was heard for 250 ms, and at most once a minute', () => {
    const lan = new Lan(3, { isBroadcastBlocked: true })
    const alone = lan.machine(eth('10.0.0.1')).start(viewOf(1))
    lan.run(249)
    expect(alone.status.sweeps).toBe(0)
    lan.run(2)
    expect(alone.status.sweeps).toBe(1)
    const asked = new Set(lan.sent.map(({ to }) => to).filter((to) => !to.includes('.255:')))
    expect(asked.size).toBe(254)
    lan.run(47_000)
    expect(alone.status.sweeps).toBe(1)
    lan.run(600_000)
    expect(alone.status.sweeps).toBeGreaterThanOrEqual(9)
    expect(alone.status.sweeps).toBeLessThanOrEqual(13)
  })

  it('finds by the sweep where broadcast is blocked, also a second and a third process of one machine', () => {
    const lan = new Lan(4, { isBroadcastBlocked: true })
    const far = lan.machine(eth('10.0.0.9'))
    const many = [1, 2, 3].map((n) => far.start(n === 1 ? server(n) : viewOf(n, { clusterId })))
    for (const one of many) one.step({ kind: 'settled', found: true })
    lan.run(20_000)
    const newcomer = lan.machine(eth('10.0.0.2')).start(viewOf(5))
    lan.run(400)
    expect(newcomer.ids).toEqual([1, 2, 3].map(idOf))
    expect(newcomer.found.every(({ by }) => by === 'sweep')).toBe(true)
  })

  it('hands hellos on to another application on the same machine, which it cannot read itself', () => {
    const lan = new Lan(5, { isBroadcastBlocked: true })
    const far = lan.machine(eth('10.0.0.9'))
    const ours = far.start(server(1))
    const theirs = far.start(viewOf(8), { app: 'office' })
    lan.run(2_000)
    const newcomer = lan.machine(eth('10.0.0.2')).start(viewOf(2))
    lan.run(400)
    expect(newcomer.ids).toEqual([idOf(1)])
    expect([ours.ids, theirs.ids]).toEqual([[idOf(2)], []])
    expect(theirs.status.dropped['key']).toBeGreaterThan(0)
  })

  it('sweeps no public addresses, no more than 1,024, and not what has a neighbour already', () => {
    const asked = (...addresses: string[]): number => {
      const lan = new Lan(6, { isBroadcastBlocked: true })
      lan.machine(...addresses.map((one, i) => eth(one, `eth${i}`))).start(viewOf(1))
      lan.run(300)
      return new Set(lan.sent.map(({ to }) => to).filter((to) => !/\.255:/.test(to))).size
    }
    expect(asked('192.0.2.1')).toBe(0)
    expect(asked('192.168.3.1', '172.20.0.1')).toBe(508)
    expect(asked('10.0.1.1', '10.0.2.1', '10.0.3.1', '10.0.4.1', '10.0.5.1')).toBe(1_016)
    const lan = new Lan(7)
    const [a, b] = [1, 2].map((n) => lan.machine(eth(`10.0.0.${n}`)).start(viewOf(n)))
    lan.run(60_000)
    expect([a!.status.sweeps, b!.status.sweeps]).toEqual([0, 0])
  })

  it('asks who is remembered, also beyond its own network', () => {
    const lan = new Lan(8, { isBroadcastBlocked: true })
    // A network of 10.0.0.0/8, of which only the own /24 would be swept.
    const wide = (address: string): ReturnType<typeof eth> => ({
      ...eth(address),
      prefix: 8,
      broadcast: '10.255.255.255',
    })
    lan.machine(wide('10.7.7.7')).start(server(1))
    const newcomer = lan.machine(wide('10.0.0.2')).start(viewOf(2), { remembered: ['10.7.7.7:7101'] })
    lan.run(5)
    expect(newcomer.ids).toEqual([idOf(1)])
  })

  it('knocks at the given ranges at once, and again every minute while nobody is found', () => {
    const lan = new Lan(9)
    const one = lan.machine(eth('10.0.0.1')).start(viewOf(1), { ranges: ['10.9.0.1:7101'] })
    lan.run(1)
    expect(one.knocks).toEqual([['10.9.0.1:7101']])
    lan.run(200_000)
    expect(one.knocks.length).toBeGreaterThanOrEqual(3)
    one.step({ kind: 'settled', found: true })
    const before = one.knocks.length
    lan.run(200_000)
    expect(one.knocks.length).toBe(before)
  })

  it('asks as a client without being heard of, and answers nobody', () => {
    const lan = new Lan(10)
    const member = lan.machine(eth('10.0.0.1')).start(server(1))
    const client = lan.machine(eth('10.0.0.2')).start(null)
    const other = lan.machine(eth('10.0.0.3')).start(null)
    lan.run(3_000)
    expect([client.ids, other.ids, member.ids]).toEqual([[idOf(1)], [idOf(1)], []])
    expect(client.machine.sockets.some(({ port }) => port === 47_800)).toBe(false)
  })
})

describe('who is settled', () => {
  it('says a beacon every 5 s, at once when something changed, and never more than two a second', () => {
    const lan = new Lan(11)
    const one = lan.machine(eth('10.0.0.1')).start(viewOf(1, { clusterId }))
    one.step({ kind: 'settled', found: true })
    lan.run(60_000)
    const calm = times(lan, /^10\.0\.0\.255/).length
    expect(calm).toBeGreaterThanOrEqual(10)
    expect(calm).toBeLessThanOrEqual(20)
    lan.sent.length = 0
    for (let i = 0; i < 1_000; i++) {
      one.step({ kind: 'changed' })
      lan.run(1)
    }
    expect(times(lan, /^10\.0\.0\.255/).length).toBeLessThanOrEqual(3)
  })

  it('sends less than 20 KB a minute while nothing happens', () => {
    const lan = new Lan(12)
    const one = lan.machine(eth('10.0.0.1')).start(server(1))
    one.step({ kind: 'settled', found: true })
    lan.run(10_000)
    lan.sent.length = 0
    lan.run(60_000)
    expect(lan.sent.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(20_000)
  })

  it('tells both clusters of each other when only one of them is heard', () => {
    const lan = new Lan(13)
    const [a, b] = [1, 2].map((n) =>
      lan.machine(eth(`10.0.0.${n}`)).start(viewOf(n, { isServer: true, clusterId: idOf(100 + n) })),
    ) as [Process, Process]
    lan.cuts.add('m0>m1').add('m1>m0')
    for (const one of [a, b]) one.step({ kind: 'settled', found: true })
    lan.run(60_000)
    expect([a.ids, b.ids]).toEqual([[], []])
    // Nothing that b says to everybody is heard; what it says to a alone is.
    lan.cuts.delete('m0>m1')
    lan.run(7_000)
    expect([a.ids, b.ids]).toEqual([[], [idOf(1)]])
    lan.cuts.clear()
    lan.run(7_000)
    expect(a.ids).toEqual([idOf(2)])
  })

  it('says goodbye, which is a hint like any other', () => {
    const lan = new Lan(14)
    const [a, b] = [1, 2].map((n) => lan.machine(eth(`10.0.0.${n}`)).start(viewOf(n))) as [Process, Process]
    lan.run(2_000)
    a.step({ kind: 'stop', goodbye: true })
    lan.run(10)
    expect(b.found.at(-1)).toMatchObject({ memberId: idOf(1), by: 'goodbye' })
    expect(a.machine.sockets).toEqual([])
    lan.sent.length = 0
    lan.run(60_000)
    expect(lan.sent.some(({ from }) => from.startsWith('10.0.0.1:'))).toBe(false)
  })

  it('begins anew after a sleep of an hour, and when its clock was set back', () => {
    const lan = new Lan(15)
    const { machine } = lan.machine(eth('10.0.0.1')).start(server(1))
    machine.processes[0]!.step({ kind: 'settled', found: true })
    lan.run(10_000)
    machine.sleep(3_600_000)
    lan.run(3_599_999)
    lan.sent.length = 0
    lan.run(1_500)
    expect(times(lan, /^10\.0\.0\.255/).length).toBeGreaterThanOrEqual(5)
    expect(machine.processes[0]!.notes).toEqual(['woken'])
    machine.wallMs = -3_600_000
    lan.run(5_000)
    expect(machine.processes[0]!.notes).toEqual(['woken', 'woken'])
  })
})

describe('of several who could answer', () => {
  it('the server does so at once and three of the others within 100 ms, with each question others', () => {
    const lan = new Lan(16)
    for (let n = 1; n <= 20; n++) {
      const one = lan.machine(eth(`10.0.0.${n}`)).start(n === 1 ? server(1) : viewOf(n, { clusterId }))
      one.step({ kind: 'settled', found: true })
    }
    lan.run(20_000)
    const newcomer = lan.machine(eth('10.0.0.99')).start(viewOf(99))
    lan.run(110)
    const found = newcomer.found.filter(({ by }) => by === 'hello')
    expect(found[0]).toMatchObject({ memberId: idOf(1), isServer: true })
    expect(found[0]!.atMs - 20_000).toBeLessThan(2)
    expect(found.length).toBe(4)
    lan.run(1_000)
    expect(newcomer.ids.length).toBeGreaterThan(6)
  })

  it('no answer is longer than its question, and a hello has the full length', () => {
    const lan = new Lan(17)
    const members = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `[2001:db8::${n}]:7101`)
    lan.machine(eth('10.0.0.1')).start({ ...server(1), members })
    lan.machine(eth('10.0.0.2')).start(viewOf(2))
    lan.run(2_000)
    const hellos = lan.sent.filter(({ bytes }) => bytes[4] === 1)
    expect(hellos.every(({ bytes }) => bytes.length === discoveryBytes)).toBe(true)
    expect(lan.sent.every(({ bytes }) => bytes.length <= discoveryBytes)).toBe(true)
  })
})

describe('interfaces', () => {
  const flat = (process: Process): string[] =>
    process.status.interfaces.map(({ name, address }) => `${name} ${address}`)
  const tun = { ...eth('10.8.0.5', 'tun0'), broadcast: null }

  it('all are used that are up: wired, wireless, bridges, and tunnels without broadcast', () => {
    const lan = new Lan(20)
    const v6 = {
      name: 'eth0',
      family: 6,
      address: 'fe80::1',
      prefix: 64,
      broadcast: null,
      loopback: false,
    } as const
    const one = lan
      .machine(eth('10.0.0.1'), eth('192.168.7.1', 'wlan0'), eth('172.17.0.1', 'docker0'), tun, v6)
      .start(viewOf(1))
    lan.run(1)
    expect(flat(one)).toEqual([
      'lo 127.0.0.1',
      'eth0 10.0.0.1',
      'wlan0 192.168.7.1',
      'docker0 172.17.0.1',
      'tun0 10.8.0.5',
      'eth0 fe80::1',
    ])
    const to = new Set(lan.sent.map((sent) => sent.to))
    expect(to).toEqual(
      new Set(
        ['127.255.255.255:47800', '10.0.0.255:47800', '192.168.7.255:47800', '172.17.255.255:47800'].map(
          (x) => x.replace('172.17.255.255', '172.17.0.255'),
        ),
      ),
    )
  })

  it('are chosen by include and exclude, and by where the peer listens', () => {
    const used = (more: object): string[] => {
      const lan = new Lan(21)
      const one = lan
        .machine(eth('10.0.0.1'), eth('172.17.0.1', 'docker0'), eth('172.18.0.1', 'docker1'))
        .start(viewOf(1), more)
      lan.run(1)
      return flat(one).map((text) => text.split(' ')[0]!)
    }
    expect(used({ interfaces: { exclude: ['docker*'] } })).toEqual(['lo', 'eth0'])
    expect(used({ interfaces: { include: ['eth0', '172.18.*'] } })).toEqual(['eth0', 'docker1'])
    expect(used({ listen: '172.17.0.1:7101' })).toEqual(['docker0'])
    expect(used({ listen: '127.0.0.1:7101' })).toEqual(['lo'])
    expect(used({ listen: null })).toEqual(['lo', 'eth0', 'docker0', 'docker1'])
  })

  it('on loopback alone no other address is bound, and nothing is sent elsewhere', () => {
    const lan = new Lan(22)
    const one = lan
      .machine(eth('10.0.0.1'))
      .start(viewOf(1, { addresses: ['127.0.0.1:7101'] }), { listen: '127.0.0.1:7101' })
    const two = one.machine.start(viewOf(2, { addresses: ['127.0.0.1:7102'] }), {
      listen: '127.0.0.1:7102',
      remembered: ['10.0.0.9:1'],
    })
    lan.run(70_000)
    expect(one.machine.sockets.map(({ host }) => host).toSorted()).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '127.255.255.255',
      '127.255.255.255',
    ])
    expect(lan.sent.every(({ to }) => to.startsWith('127.'))).toBe(true)
    expect(one.found[0]).toMatchObject({ memberId: idOf(2), addresses: ['127.0.0.1:7102'] })
    expect(two.ids).toEqual([idOf(1)])
  })

  it('none at all: says so once, goes on alone, and finds others when one is there', () => {
    const lan = new Lan(23)
    lan.machine(eth('10.0.0.9')).start(server(9))
    const lonely = lan.machine().start(viewOf(1))
    lan.run(30_000)
    expect([lonely.notes, lonely.ids]).toEqual([['no-interface'], []])
    lonely.machine.interfaces.push(eth('10.0.0.1'))
    lan.run(4_000)
    expect(lonely.ids).toEqual([idOf(9)])
    expect(lonely.notes).toEqual(['no-interface', 'interface-up'])
  })

  it('another address is used from the next look on, and one that only flickers is not taken over', () => {
    const lan = new Lan(24)
    const other = lan.machine(eth('10.0.0.9')).start(server(9))
    const { machine } = lan.machine(eth('10.0.0.1')).start(viewOf(1))
    const [one] = machine.processes as [Process]
    lan.run(10_000)
    for (let i = 0; i < 8; i++) {
      machine.interfaces = [machine.interfaces[0]!, eth(`10.0.0.${i % 2 === 0 ? 50 : 51}`)]
      lan.run(700)
    }
    expect(one.notes).toEqual([])
    machine.interfaces = [machine.interfaces[0]!, eth('10.0.0.101')]
    one.view = viewOf(1, { addresses: ['10.0.0.101:7101'] })
    lan.run(4_000)
    expect(flat(one)).toEqual(['lo 127.0.0.1', 'eth0 10.0.0.101'])
    lan.run(6_000)
    expect(other.found.at(-1)!.addresses).toEqual(['10.0.0.101:7101'])
  })

  it('what cannot be sent is noted once, is in the status, and is tried again on a new socket', () => {
    const lan = new Lan(25)
    const one = lan.machine(eth('10.0.0.1')).start(viewOf(1))
    lan.run(1)
    const before = one.machine.sockets.find(({ host }) => host === '10.0.0.1')!.port
    for (let i = 0; i < 50; i++)
      one.step({ kind: 'unsent', socket: '10.0.0.1', to: '10.0.0.255:47800', code: 'ENETUNREACH' })
    expect(one.notes).toEqual(['cannot-send'])
    expect(one.status.interfaces[1]!.problem).toBe('Nothing can be sent (ENETUNREACH).')
    lan.run(8_000)
    expect(one.status.interfaces[1]!.problem).toBeNull()
    expect(one.machine.sockets.find(({ host }) => host === '10.0.0.1')!.port).not.toBe(before)
  })

  it('the port in use by a program that does not share it: says so once, asks all the same, and goes on when it is free', () => {
    const lan = new Lan(26)
    lan.machine(eth('10.0.0.9')).start(server(9))
    const machine = lan.machine(eth('10.0.0.1'))
    const rude = machine.start(null, { port: 9 })
    machine.sockets.push({ process: rude, key: 'rude', host: '0.0.0.0', port: 47_800, shared: false })
    const one = machine.start(viewOf(1))
    lan.run(20_000)
    expect(one.ids).toEqual([idOf(9)])
    expect(one.notes).toEqual(['discovery-socket'])
    machine.sockets.splice(
      machine.sockets.findIndex(({ key }) => key === 'rude'),
      1,
    )
    lan.run(8_000)
    expect(one.status.interfaces.every(({ problem }) => problem === null)).toBe(true)
    expect(machine.sockets.some(({ port, process }) => port === 47_800 && process === one)).toBe(true)
  })
})
