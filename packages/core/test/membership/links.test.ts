import { describe, expect, it } from 'vitest'
import { addressOf, idOf, Mesh } from './mesh.js'

describe('finding each other', () => {
  it('A → B ← C, only B is known: A, B, C become a full mesh', () => {
    const mesh = new Mesh()
    mesh.boot('B', [])
    mesh.boot('A', [addressOf('B')])
    mesh.boot('C', [addressOf('B')])
    expect(mesh.run(500).gaps('ABC')).toEqual([])
  })

  it('two links dialled at the same time: both sides keep the one that the lower member dialled', () => {
    const mesh = new Mesh().start('AB').run(500)
    expect(mesh.link('A', 'B')).toBe('ok')
    const [link] = mesh.usable('A', 'B')
    expect(mesh.life('A').machine.links.get(link ?? 0)?.out).toBe(true)
    expect(mesh.dials.map((d) => d.from)).toEqual(['A', 'B'])
    expect(mesh.events('A', 'evidence').concat(mesh.events('B', 'evidence'))).toEqual([])
  })

  it('one peer under two addresses: one link stays', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('B'), 'alias'])
    mesh.boot('B', [])
    mesh.aliases.set('alias', addressOf('B'))
    mesh.run(1_000)
    expect(mesh.link('A', 'B')).toBe('ok')
    const dials = mesh.dials.length
    expect(mesh.run(5_000).dials.length).toBe(dials)
  })

  it('a peer never dials itself, not even under another name', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('A')])
    mesh.run(2_000)
    expect(mesh.dials).toEqual([])
    mesh.tell('A', { kind: 'opened', link: 2, out: false, remote: 'x' })
    const hello = mesh.life('A').machine.self
    mesh.tell('A', { kind: 'message', link: 2, message: { t: 'hello', hello } }).run(100)
    expect(mesh.life('A').machine.links.size).toBe(0)
    expect(mesh.events('A', 'refused')).toEqual([])
  })

  it('a seed is dialled for ever, a hint five times', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('S')])
    mesh.boot('B', [addressOf('A')], { known: [addressOf('H')] })
    mesh.run(20_000)
    const to = (name: string): number =>
      mesh.dials.filter((d) => d.from === 'A' && d.to === addressOf(name)).length
    expect(to('H')).toBe(5)
    expect(to('S')).toBeGreaterThan(20)
  })

  it('never dials one address twice at once', () => {
    const mesh = new Mesh()
    mesh.boot('S', [])
    mesh.boot('A', [addressOf('S'), addressOf('S')])
    mesh.powerOff('S').setView('AS')
    for (let i = 0; i < 5; i++) mesh.tell('A', { kind: 'probe', memberId: idOf('S') })
    mesh.run(900)
    expect(mesh.dials.filter((d) => d.from === 'A').length).toBe(1)
  })

  it('the 65th link is turned away', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    for (let i = 1; i <= 65; i++) mesh.tell('A', { kind: 'opened', link: 2 * i, out: false, remote: 'x' })
    expect(mesh.life('A').machine.links.size).toBe(64)
    expect(mesh.life('A').machine.links.has(130)).toBe(false)
  })

  it('remembers at most 64 hints, however many addresses a peer names', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    for (let i = 0; i < 10; i++) {
      const known = Array.from({ length: 32 }, (_, k) => `10.1.${i}.${k}:1`)
      const hello = {
        ...mesh.life('A').machine.self,
        memberId: `${i}`.repeat(32),
        address: `10.2.0.${i}:1`,
        known,
      }
      mesh.tell('A', { kind: 'opened', link: 2 + 2 * i, out: false, remote: 'x' })
      mesh.tell('A', { kind: 'message', link: 2 + 2 * i, message: { t: 'hello', hello } })
    }
    expect(mesh.life('A').machine.targets.size).toBeLessThanOrEqual(64)
  })

  it('a link without hello is closed', () => {
    const mesh = new Mesh()
    mesh.boot('A', [])
    mesh.tell('A', { kind: 'opened', link: 2, out: false, remote: 'x' }).run(900)
    expect(mesh.life('A').machine.links.size).toBe(1)
    expect(mesh.run(200).life('A').machine.links.size).toBe(0)
  })
})

describe('peers that must not be linked', () => {
  const cases = [
    ['cluster', { clusterId: 'x' }, { clusterId: 'y' }],
    ['mode', { mode: 'consistent' }, { mode: 'available' }],
    ['version', { protocol: 1 }, { protocol: 2 }],
  ] as const

  it.each(cases)('another %s: both say so, and ask again only after 5 s', (code, one, other) => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('B')], one)
    mesh.boot('B', [], other)
    mesh.run(4_000)
    expect(mesh.events('A', 'refused').map((e) => e.code)).toContain(code)
    expect(mesh.events('B', 'refused').map((e) => e.code)).toContain(code)
    expect(mesh.events('A', 'refused')[0]?.text).toMatch(/: (give|install)/)
    expect(mesh.events('A', 'up')).toEqual([])
    expect(mesh.dials.length).toBe(1)
    expect(mesh.run(2_000).dials.length).toBe(2)
  })

  it('when the own hello changes the refused peer is asked at once', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('B')], { mode: 'available' })
    const b = mesh.boot('B', [])
    mesh.run(500)
    mesh
      .tell('A', { kind: 'self', self: { ...mesh.life('A').machine.self, mode: b.machine.self.mode } })
      .run(50)
    expect(mesh.link('A', 'B')).toBe('ok')
  })

  it('a founded cluster is told on every link, and a peer of another cluster is let go', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('B'), addressOf('C')])
    mesh.boot('B', [])
    mesh.boot('C', [], { clusterId: 'other' })
    mesh.run(200)
    expect(mesh.gaps('AB')).toEqual([])
    mesh.tell('A', { kind: 'self', self: { ...mesh.life('A').machine.self, clusterId: 'mine' } }).run(100)
    expect(mesh.events('B', 'up').at(-1)?.hello.clusterId).toBe('mine')
    expect(mesh.usable('A', 'C')).toEqual([])
    expect(mesh.events('A', 'down').map((e) => mesh.nameOf(e.memberId))).toEqual(['C'])
    expect(mesh.evidence('A', 'C') + mesh.evidence('C', 'A')).toBe('')
  })

  it('the own identity in another process is refused by both', () => {
    const mesh = new Mesh()
    mesh.boot('A', [addressOf('B')])
    mesh.boot('B', [], { memberId: idOf('A') })
    mesh.run(500)
    expect(mesh.events('A', 'refused').map((e) => e.code)).toContain('identity')
    expect(mesh.events('B', 'refused').map((e) => e.code)).toContain('identity')
    expect(mesh.dials.length).toBe(1)
  })

  it('a copied disk: the newer start elsewhere is refused, the living member keeps its place', () => {
    const mesh = new Mesh().start('AB').setView('AB').run(500)
    mesh.boot('X', [addressOf('A')], { memberId: idOf('B'), incarnation: 9 })
    mesh.run(6_000)
    expect(mesh.events('X', 'refused').map((e) => e.code)).toContain('identity')
    expect(mesh.evidence('A', 'B')).toBe('')
    expect(mesh.usable('A', 'B').length).toBe(1)
  })

  it('a copied disk at the very same start: whoever comes second, elsewhere, is refused', () => {
    const mesh = new Mesh().start('AB').setView('AB').run(500)
    const { incarnation } = mesh.life('B').machine.self
    mesh.boot('X', [addressOf('A')], { memberId: idOf('B'), incarnation })
    mesh.run(6_000)
    expect(mesh.events('X', 'refused').map((e) => e.code)).toContain('identity')
    expect(mesh.events('A', 'refused').map((e) => e.code)).toContain('identity')
    expect(mesh.evidence('A', 'B')).toBe('')
    expect(mesh.usable('A', 'B').length).toBe(1)
  })

  it('a copied disk that claims the same address: a dial to that address decides', () => {
    const mesh = new Mesh().start('AB').setView('AB').run(500)
    const hello = { ...mesh.life('B').machine.self, incarnation: 9 }
    mesh.tell('A', { kind: 'opened', link: 1_000, out: false, remote: 'x' })
    mesh.tell('A', { kind: 'message', link: 1_000, message: { t: 'hello', hello } }).run(1_500)
    expect(mesh.events('A', 'refused').map((e) => e.code)).toEqual(['identity'])
    expect(mesh.evidence('A', 'B')).toBe('')
    expect(mesh.link('A', 'B')).toBe('ok')
  })

  it('an older start than the known one is refused as stale', () => {
    const mesh = new Mesh().start('AB').run(200).crash('B')
    mesh.restart('B')
    mesh.run(500)
    const hello = { ...mesh.life('B').machine.self, incarnation: 1 }
    mesh.tell('A', { kind: 'opened', link: 1_000, out: false, remote: 'x' })
    mesh.tell('A', { kind: 'message', link: 1_000, message: { t: 'hello', hello } })
    expect(mesh.events('A', 'refused').map((e) => e.code)).toEqual(['stale'])
  })
})

describe('stopping', () => {
  it('A stops: B and C hear its bye and have proof at once; A dials nobody any more', () => {
    const mesh = new Mesh().start('ABC').setView('ABC').run(500)
    mesh.tell('A', { kind: 'stop', leaving: true })
    const dials = mesh.dials.filter((d) => d.from === 'A').length
    mesh.life('A').running = false
    mesh.run(5)
    for (const name of 'BC') {
      expect(mesh.events(name, 'bye').map((e) => [mesh.nameOf(e.memberId), e.leaving])).toEqual([['A', true]])
      expect(mesh.evidence(name, 'A')).toBe('A')
      expect(mesh.gone(name)).toBe('A')
    }
    mesh.run(5_000)
    expect(mesh.dials.filter((d) => d.from === 'A').length).toBe(dials)
    // Slowly, once a second: its next start may come.
    const asked = mesh.dials.filter((d) => d.from === 'B' && d.to === addressOf('A') && d.at > 505).length
    expect(asked).toBeGreaterThan(2)
    expect(asked).toBeLessThan(7)
    mesh.restart('A')
    expect(mesh.run(500).gaps('ABC')).toEqual([])
  })
})
