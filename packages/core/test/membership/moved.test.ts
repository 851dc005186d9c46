import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOf, idOf, Mesh, type Life } from './mesh.js'

const elsewhere = '10.0.9.1:7100'
const seeds = [addressOf('A'), addressOf('C')]

const office = (): Mesh => new Mesh().start('ABC').setView('ABC').run(2_000)
const codes = (mesh: Mesh, by: string): string[] => mesh.events(by, 'refused').map((e) => e.code)

/** Another process with the identity of B. */
function copy(mesh: Mesh, starts: number, at = elsewhere): Life {
  const incarnation = mesh.life('B').incarnation + starts
  return mesh.boot('X', seeds, { memberId: idOf('B'), incarnation, address: at })
}

/** B's machine lost its power and its address, and B is started again elsewhere. */
function restartElsewhere(mesh: Mesh, downMs: number): Mesh {
  mesh.powerOff('B').run(downMs)
  mesh.dark.add(addressOf('B'))
  mesh.boot('B', seeds, { address: elsewhere })
  return mesh
}

describe('a start of a member at another address', () => {
  it('restarted there before it was removed: it waits, and has moved when nothing came from the old place', () => {
    const mesh = restartElsewhere(office(), 300).run(1_000)
    expect(mesh.usable('A', 'B'), 'still asking').toEqual(mesh.usable('A', 'B').filter((l) => l !== 0))
    mesh.run(4_000)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.life('A').machine.peers.get(idOf('B'))?.incarnation).toBe(2)
    expect([...codes(mesh, 'A'), ...codes(mesh, 'B'), ...codes(mesh, 'C')]).toEqual([])
  })

  it('has moved at once when the end of the older one is proven', () => {
    const mesh = office().crash('B').run(100)
    mesh.boot('B', seeds, { address: elsewhere })
    mesh.run(500)
    expect(mesh.gaps('ABC')).toEqual([])
  })

  it('is a copy when the older one still answers, and is told so within a beat', () => {
    const mesh = office()
    copy(mesh, 5)
    mesh.run(300)
    expect(codes(mesh, 'X')).toContain('identity')
    mesh.run(8_000)
    expect(mesh.life('A').machine.peers.get(idOf('B'))?.incarnation).toBe(1)
    expect(mesh.evidence('A', 'B') + mesh.evidence('C', 'B')).toBe('')
    expect(mesh.gaps('ABC')).toEqual([])
  })

  it('is a copy when only the link of the older one still works, and its address answers no dials', () => {
    const mesh = office()
    mesh.dark.add(addressOf('B'))
    copy(mesh, 5)
    mesh.run(600)
    expect(codes(mesh, 'X')).toContain('identity')
    expect(mesh.usable('A', 'B').length).toBe(1)
  })

  it('words that the older one had sent before are no sign of its life', () => {
    const mesh = office().powerOff('B').run(100)
    mesh.dark.add(addressOf('B'))
    const [link = 0] = mesh.usable('A', 'B')
    mesh.boot('B', seeds, { address: elsewhere })
    mesh.run(50)
    // A late beat that answers a beat of before.
    const { seq } = mesh.life('A').machine.sentBeats.at(-1)!
    const late = { t: 'beat' as const, hears: [], echo: [seq - 1, 0] as const }
    mesh.tell('A', { kind: 'message', link, message: late }).run(6_000)
    expect(codes(mesh, 'A')).toEqual([])
    expect(mesh.gaps('ABC')).toEqual([])
  })

  it('another peer that answers at the old address is no sign of its life either', () => {
    const mesh = office().powerOff('B').run(300)
    mesh.boot('D', [], { address: addressOf('B') })
    mesh.boot('B', seeds, { address: elsewhere })
    mesh.run(5_000)
    expect(mesh.dials.length).toBeLessThan(60)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(codes(mesh, 'B')).toEqual([])
  })

  it('is let in when the journal says that it was admitted there', () => {
    const mesh = restartElsewhere(office(), 300).run(200)
    expect(mesh.gaps('ABC')).not.toEqual([])
    mesh.setView('ABC').run(600)
    expect(mesh.gaps('ABC')).toEqual([])
  })
})

describe('the same start at another address', () => {
  it('is a copy while the link of the first one works', () => {
    const mesh = office()
    copy(mesh, 0)
    mesh.run(3_000)
    expect(codes(mesh, 'X')).toContain('identity')
    expect(mesh.gaps('ABC')).toEqual([])
  })

  it('has moved when its link went silent and its old address does not answer: nobody removes it', () => {
    const mesh = office().move('B', elsewhere).run(900)
    mesh.tell('B', { kind: 'network', address: elsewhere, why: 'address' }).run(2_400)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.life('A').machine.peers.get(idOf('B'))?.address).toBe(elsewhere)
    expect(mesh.gone('A') + mesh.gone('C') + mesh.gone('B')).toBe('')
  })

  it('a member that is moved and does not notice is linked again from where it is, and never removed', () => {
    const mesh = office().move('B', elsewhere).run(6_000)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.gone('A') + mesh.gone('C') + mesh.gone('B')).toBe('')
    mesh.tell('B', { kind: 'network', address: elsewhere, why: 'address' }).run(100)
    expect(mesh.life('A').machine.peers.get(idOf('B'))?.address).toBe(elsewhere)
    expect(mesh.gaps('ABC')).toEqual([])
  })
})

describe('a network that changed', () => {
  it('others are told of another address on the links that work, and keep them', () => {
    const mesh = office()
    const before = mesh.usable('A', 'B')
    mesh.tell('B', { kind: 'network', address: elsewhere, why: 'address' }).run(50)
    const heard = mesh.events('A', 'up').filter((e) => e.hello.address === elsewhere)
    expect(heard.length).toBe(1)
    mesh.run(3_000)
    expect(mesh.usable('A', 'B')).toEqual(before)
    expect(mesh.gaps('ABC')).toEqual([])
  })

  it('a peer that meets itself at its old address knows itself', () => {
    const mesh = office().tell('B', { kind: 'network', address: elsewhere, why: 'address' })
    mesh.life('B').address = elsewhere
    mesh.aliases.set(addressOf('B'), elsewhere)
    mesh.run(5_000)
    expect(codes(mesh, 'B')).toEqual([])
  })

  it('after a sleep nobody is accused, and links that died meanwhile are replaced within half a second', () => {
    const mesh = office().move('B', addressOf('B')).run(700)
    mesh.dark.delete(addressOf('B'))
    mesh.tell('B', { kind: 'network', address: addressOf('B'), why: 'resume' }).run(600)
    const [link = 0] = mesh.usable('B', 'A').slice(-1)
    expect(mesh.life('B').machine.links.get(link)?.heardMs).toBeGreaterThan(mesh.now - 260)
    mesh.run(1_500)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.evidence('B', 'A') + mesh.evidence('B', 'C')).toBe('')
  })
})

describe('in a large cluster', () => {
  const all = 'ABCDEFGHIJKLMNOPQRST'
  const large = (): Mesh => {
    const mesh = new Mesh().start(all).setView(all)
    for (const name of all) mesh.tell(name, { kind: 'hubs', term: 1, hubs: [idOf('A'), idOf('B')] })
    return mesh.run(12_500)
  }
  /** Not linked to T, and T not to it. */
  const stranger = (mesh: Mesh): string => {
    const found = Array.from(all).find((name) => name !== 'T' && mesh.usable(name, 'T').length === 0)
    expect(found).toBeDefined()
    return found ?? ''
  }

  it('a copy that turns to a member without a link to the first one is refused there, too', () => {
    for (const starts of [0, 5]) {
      const mesh = large()
      const by = stranger(mesh)
      const incarnation = 1 + starts
      mesh.boot('X', [addressOf(by)], { memberId: idOf('T'), incarnation, address: elsewhere })
      mesh.run(300)
      expect(codes(mesh, 'X')).toContain('identity')
      expect(mesh.life(by).machine.peers.get(idOf('T'))?.address).toBe(addressOf('T'))
      expect(Array.from(all).filter((name) => name !== 'X' && mesh.gone(name) !== '')).toEqual([])
    }
  })

  it('a member restarted elsewhere is let in by the hubs, and by one that never met it', () => {
    const mesh = large()
    const by = stranger(mesh)
    mesh.powerOff('T').dark.add(addressOf('T'))
    mesh.run(100).boot('T', [addressOf('A'), addressOf(by)], { address: elsewhere })
    mesh.run(7_000)
    for (const name of ['A', by]) {
      expect(mesh.link(name, 'T'), name).toBe('ok')
      expect(mesh.life(name).machine.peers.get(idOf('T'))?.incarnation).toBe(2)
    }
    expect(codes(mesh, 'T')).toEqual([])
  })

  it('another address under a running member: the hubs know it, and nobody calls it gone', () => {
    const mesh = large().move('T', elsewhere).run(1_500)
    mesh.tell('T', { kind: 'network', address: elsewhere, why: 'address' }).run(8_000)
    expect(Array.from(all).filter((name) => mesh.gone(name) !== '')).toEqual([])
    for (const name of ['A', 'B']) {
      expect(mesh.link(name, 'T'), name).toBe('ok')
      expect(mesh.life(name).machine.peers.get(idOf('T'))?.address).toBe(elsewhere)
    }
  })
})

type Act = 'restart elsewhere' | 'crash and restart elsewhere' | 'move' | 'pause' | 'copy' | 'wait'

describe('generated lives', () => {
  it('copies are refused by everybody, and who moved comes back', { timeout: 60_000 }, () => {
    const act = fc.record({
      act: fc.constantFrom<Act>(
        'restart elsewhere',
        'crash and restart elsewhere',
        'move',
        'pause',
        'copy',
        'wait',
      ),
      ms: fc.integer({ min: 0, max: 3_500 }),
      noticed: fc.integer({ min: 0, max: 2_000 }),
    })
    let copies = 0
    let moves = 0
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.array(act, { maxLength: 5 }), (seed, acts) => {
        const mesh = new Mesh(seed).start('ABC').setView('ABC').run(2_000)
        const copiesOf = new Set<string>()
        let places = 0
        for (const { act: what, ms, noticed } of acts) {
          places += 1
          const place = `10.0.8.${places}:7100`
          if (what === 'restart elsewhere' || what === 'crash and restart elsewhere') {
            moves += 1
            const was = mesh.life('B').address
            if (what === 'restart elsewhere') mesh.powerOff('B')
            else mesh.crash('B')
            mesh.run(ms)
            mesh.dark.add(was)
            mesh.boot('B', seeds, { address: place })
            mesh.run(6_500)
          } else if (what === 'move') {
            moves += 1
            mesh.move('B', place).run(noticed)
            mesh.tell('B', { kind: 'network', address: place, why: 'address' }).run(6_000)
          } else if (what === 'pause') mesh.pause('B').run(Math.min(ms, 2_400)).wake('B').run(1_000)
          else if (what === 'copy') {
            copies += 1
            // While B is there, linked to both.
            const twin = copy(mesh, 1 + (ms % 2), place)
            copiesOf.add(twin.address)
            mesh.run(2_000).crash('X').run(500)
          } else mesh.run(ms)
          const { incarnation, address } = mesh.life('B')
          for (const by of ['A', 'C']) {
            const known = mesh.life(by).machine.peers.get(idOf('B'))
            expect([known?.incarnation, known?.address], `${by} after ${what}`).toEqual([
              incarnation,
              address,
            ])
            expect(mesh.usable(by, 'B').length, `${by} after ${what}`).toBe(1)
          }
          expect(copiesOf.has(address)).toBe(false)
        }
        expect(mesh.gaps('ABC')).toEqual([])
      }),
      { numRuns: 60, seed: 7 },
    )
    expect(Math.min(copies, moves)).toBeGreaterThan(20)
  })
})
