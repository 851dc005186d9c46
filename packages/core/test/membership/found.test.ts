import { describe, expect, it } from 'vitest'
import { limits } from '../../src/membership/limits.js'
import { addressOf, idOf, Mesh } from './mesh.js'

const dialsOf = (mesh: Mesh, name: string): [at: number, to: string][] =>
  mesh.dials.filter((d) => d.from === name).map((d) => [Math.round(d.at), d.to])

describe('what discovery found', () => {
  it('is dialled in its order, a quarter of a second apart, until one address has answered', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    mesh.boot('B', [])
    mesh.dark.add('nobody').add('third')
    const addresses = ['nobody', addressOf('B'), 'third']
    mesh.tell('A', { kind: 'found', memberId: idOf('B'), addresses }).run(2_000)
    expect(dialsOf(mesh, 'A')).toEqual([
      [0, 'nobody'],
      [250, addressOf('B')],
    ])
    expect(mesh.link('A', 'B')).toBe('ok')
    // And whoever is linked is not dialled for a hint.
    mesh.tell('A', { kind: 'found', memberId: idOf('B'), addresses }).run(2_000)
    expect(dialsOf(mesh, 'A')).toHaveLength(2)
  })

  it('is dialled once: a hint that fails is forgotten until it comes again', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    const found = { kind: 'found', memberId: idOf('B'), addresses: [addressOf('B')] } as const
    mesh.tell('A', found).run(10_000)
    expect(dialsOf(mesh, 'A')).toHaveLength(1)
    expect(mesh.life('A').machine.targets.size).toBe(0)
    mesh.tell('A', found).run(10_000)
    expect(dialsOf(mesh, 'A')).toHaveLength(2)
  })

  it('makes a seed that was given up for a while be dialled at once', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('B')])
    mesh.run(8_000)
    mesh.boot('B', [])
    mesh.tell('A', { kind: 'found', memberId: idOf('B'), addresses: [addressOf('B')] }).run(20)
    expect(mesh.link('A', 'B')).toBe('ok')
  })

  it('may be a flood: so many addresses are dialled at a time and no more, and links are left for others', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    for (let i = 0; i < 10_000; i++) {
      const address = `10.9.${i >> 8}.${i & 255}:1`
      mesh.dark.add(address)
      mesh.tell('A', { kind: 'found', memberId: null, addresses: [address] })
    }
    expect(mesh.life('A').machine.targets.size).toBe(limits.found)
    mesh.run(500)
    expect(dialsOf(mesh, 'A')).toHaveLength(limits.found)
    mesh.boot('B', [addressOf('A')])
    expect(mesh.run(500).link('A', 'B')).toBe('ok')
  })

  it('takes four addresses of one peer, and never the own one', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    const addresses = [addressOf('A'), ...Array.from({ length: 9 }, (_, i) => `10.9.0.${i}:1`)]
    mesh.tell('A', { kind: 'found', memberId: idOf('B'), addresses }).run(5_000)
    expect(dialsOf(mesh, 'A').map(([, to]) => to)).toEqual(['10.9.0.0:1', '10.9.0.1:1', '10.9.0.2:1'])
    mesh.tell('A', { kind: 'found', memberId: idOf('A'), addresses: ['10.9.0.7:1'] }).run(5_000)
    expect(dialsOf(mesh, 'A')).toHaveLength(3)
  })

  it('and refuses is left alone for five seconds, whatever further hints say', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    mesh.boot('B', [], { mode: 'available' })
    for (let i = 0; i < 40; i++) {
      mesh.tell('A', { kind: 'found', memberId: idOf('B'), addresses: [addressOf('B')] }).run(250)
    }
    expect(dialsOf(mesh, 'A').map(([at]) => at)).toEqual([0, 5_250])
  })

  it('is dialled in a large cluster, too, and forgotten once it has answered', () => {
    const names = 'ABCDEFGHIJKLMNOPQR'
    const mesh = new Mesh().start(names).run(1_000)
    mesh.setView(names).run(1_000)
    expect(mesh.life('A').machine.topology.large).toBe(true)
    mesh.boot('Z', [])
    mesh.tell('A', { kind: 'found', memberId: idOf('Z'), addresses: [addressOf('Z')] }).run(100)
    expect(mesh.link('A', 'Z')).toBe('ok')
    mesh.run(60_000)
    expect(mesh.life('A').machine.targets.has(addressOf('Z'))).toBe(false)
  })
})
