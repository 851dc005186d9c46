import { describe, expect, it } from 'vitest'
import { addressOf, idOf, Mesh } from './mesh.js'

const three = (): Mesh => new Mesh().start('ABC').setView('ABC').run(2_000)
const story = (): unknown => three().pause('B').run(1_500).crash('C').run(500).wake('B').run(500).seen

describe('proof of an end', () => {
  it('C crashes: A and B have proof within a few round trips, and C is gone at once', () => {
    const mesh = three().crash('C').run(10)
    expect(mesh.evidence('A', 'C') + mesh.evidence('B', 'C')).toBe('AA')
    expect(mesh.gone('A') + mesh.gone('B')).toBe('CC')
    expect(mesh.run(10_000).gone('A')).toBe('C')
  })

  it('only members of the view can be gone', () => {
    const mesh = new Mesh().start('ABC').setView('AB').run(2_000).crash('C').run(10_000)
    expect(mesh.evidence('A', 'C')).toBe('A')
    expect(mesh.gone('A')).toBe('')
  })

  it('the host resets three dials before it refuses: asked again in milliseconds, then proven', () => {
    const mesh = three()
    mesh.forged.set(addressOf('C'), 'reset')
    mesh.at(30, () => mesh.forged.delete(addressOf('C')))
    mesh.crash('C').run(25)
    expect(mesh.evidence('A', 'C')).toBe('')
    expect(mesh.run(60).evidence('A', 'C')).toBe('A')
  })

  it('a link is reset on the way: the redial is answered, nobody is accused', () => {
    const mesh = three().resetLinks('A', 'B').run(50)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.evidence('A', 'B') + mesh.evidence('B', 'A')).toBe('')
  })

  it('a refusal long after the close proves nothing', () => {
    const mesh = three()
    mesh.dark.add('C')
    mesh.resetLinks('A', 'C').resetLinks('B', 'C').run(5_000)
    mesh.life('C').running = false
    mesh.dark.delete('C')
    mesh.run(2_000)
    expect(mesh.evidence('A', 'C')).toBe('B')
  })

  it('a refusal alone, while the link lives, proves nothing', () => {
    const mesh = three()
    mesh.forged.set(addressOf('C'), 'refused')
    mesh.tell('A', { kind: 'probe', memberId: idOf('C') }).run(3_000)
    expect(mesh.evidence('A', 'C')).toBe('D')
    expect(mesh.link('A', 'C')).toBe('ok')
  })

  it('probe: refused first and closed a moment later is proof as well', () => {
    // Between two beats, so that nothing is heard after the refusal.
    const mesh = three().run(50)
    mesh.life('C').running = false
    mesh.tell('A', { kind: 'probe', memberId: idOf('C') }).run(20)
    expect(mesh.evidence('A', 'C')).toBe('D')
    const link = mesh.usable('A', 'C')[0] ?? 0
    mesh.forged.set(addressOf('C'), 'reset')
    mesh.tell('A', { kind: 'closed', link, end: { kind: 'remote', code: '', reason: '' } })
    expect(mesh.evidence('A', 'C')).toBe('DA')
  })

  it('probe of a living peer: one link stays, nobody is accused', () => {
    const mesh = three()
      .tell('B', { kind: 'probe', memberId: idOf('A') })
      .run(500)
    expect(mesh.dials.filter((d) => d.from === 'B' && d.to === addressOf('A')).length).toBe(2)
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.evidence('B', 'A')).toBe('D')
  })

  it('a dial that began before the peer said hello, refused late, proves nothing against it', () => {
    const mesh = new Mesh()
    mesh.boot('B', [])
    const hello = mesh.life('B').machine.self
    mesh.crash('B').boot('A', [addressOf('B')])
    mesh.tell('A', { kind: 'opened', link: 1_000, out: false, remote: 'x' })
    mesh.tell('A', { kind: 'message', link: 1_000, message: { t: 'hello', hello } })
    expect(mesh.dials.length).toBe(1)
    // The hello came after the dial began, and before its refusal.
    Object.assign(mesh.life('A').machine.peers.get(idOf('B')) ?? {}, { bornMs: 0.1 })
    mesh.run(4).tell('A', { kind: 'closed', link: 1_000, end: { kind: 'remote', code: '', reason: '' } })
    expect(mesh.evidence('A', 'B')).toBe('')
    // The redial began later: its refusal counts.
    expect(mesh.run(10).evidence('A', 'B')).toBe('A')
  })

  it('a peer that was heard after a refusal is not proven dead by it', () => {
    const mesh = three().run(50)
    mesh.forged.set(addressOf('C'), 'refused')
    mesh.tell('A', { kind: 'probe', memberId: idOf('C') }).run(500)
    mesh.forged.clear()
    mesh.resetLinks('A', 'C').run(100)
    expect(mesh.evidence('A', 'C')).toBe('D')
    expect(mesh.link('A', 'C')).toBe('ok')
  })

  it('after its bye an incarnation is not linked again', () => {
    const mesh = three().tell('C', { kind: 'stop', leaving: false }).run(5)
    const hello = mesh.life('C').machine.self
    const ups = mesh.events('A', 'up').length
    mesh.tell('A', { kind: 'opened', link: 1_000, out: false, remote: 'x' })
    mesh.tell('A', { kind: 'message', link: 1_000, message: { t: 'hello', hello } })
    expect(mesh.events('A', 'up').length).toBe(ups)
    expect(mesh.life('A').machine.links.has(1_000)).toBe(false)
  })

  it('C restarts at its address before anybody looked: the newer start proves the end of the older', () => {
    const mesh = three()
    mesh.powerOff('C').run(300).restart('C')
    mesh.run(1_000)
    expect(mesh.evidence('A', 'C')).toBe('A')
    expect(mesh.events('A', 'evidence').map((e) => e.incarnation)).toEqual([1])
    expect(mesh.gaps('ABC')).toEqual([])
    mesh.setView('ABC').run(5_000)
    expect(mesh.gone('A')).toBe('C')
  })

  it('a member that is admitted again can be gone again', () => {
    const mesh = three().crash('C').run(100)
    mesh.restart('C')
    mesh.setView('ABC').run(2_000).crash('C').run(100)
    expect(mesh.events('A', 'gone').map((e) => e.incarnation)).toEqual([1, 2])
  })
})

describe('silence', () => {
  it('C loses power: suspected after 1 s, gone after 3 s, never proven', () => {
    const mesh = three().powerOff('C').run(700)
    expect(mesh.evidence('A', 'C')).toBe('')
    mesh.run(1_000)
    expect(mesh.evidence('A', 'C')).toBe('C')
    expect(mesh.gone('A')).toBe('')
    mesh.run(2_500)
    expect(mesh.gone('A') + mesh.gone('B')).toBe('CC')
    expect(mesh.evidence('A', 'C')).toMatch(/^CB?$/)
    expect(mesh.run(10_000).gone('A')).toBe('C')
  })

  it('A ✕ B, C hears both: each reports the link, nobody is gone, and one redial after healing is enough', () => {
    const mesh = three().cut('A', 'B').run(20_000)
    expect(mesh.evidence('A', 'B')).toContain('C')
    expect(mesh.evidence('A', 'B')).toContain('B')
    expect(mesh.gone('A') + mesh.gone('B') + mesh.gone('C')).toBe('')
    expect(mesh.heal('A', 'B').run(2_500).gaps('ABC')).toEqual([])
  })

  it('{A} ✕ {B, C}: A hears nobody and so accuses nobody; B and C propose to remove A', () => {
    const mesh = three().cut('A', 'B').cut('A', 'C').run(10_000)
    expect(mesh.gone('A')).toBe('')
    expect(mesh.gone('B') + mesh.gone('C')).toBe('AA')
  })

  it('{A} ✕ {B}, a view of two: each proposes to remove the other', () => {
    const mesh = new Mesh().start('AB').setView('AB').run(1_000).cut('A', 'B').run(10_000)
    expect(mesh.gone('A') + mesh.gone('B')).toBe('BA')
  })

  it('C sleeps 2 s: suspected, heard again, one link, not gone, and accuses nobody on waking', () => {
    const mesh = three().pause('C').run(2_000).wake('C').run(1_000)
    expect(mesh.evidence('A', 'C')).toMatch(/^CB?$/)
    expect(mesh.events('C', 'evidence')).toEqual([])
    expect(mesh.gaps('ABC')).toEqual([])
    expect(mesh.run(5_000).gone('A')).toBe('')
  })

  it('after a sleep of its own, silence is counted anew, although nothing was delivered meanwhile', () => {
    const mesh = three().pause('A').powerOff('C').run(2_500).wake('A').run(900)
    expect(mesh.evidence('A', 'C')).toBe('')
    expect(mesh.run(500).evidence('A', 'C')).toBe('C')
    expect(mesh.gone('A')).toBe('')
  })

  it('a beat that is a little late judges nobody: what they sent may still be queued', () => {
    const mesh = three().run(10).pause('B').run(700).pause('A').wake('B').run(400).wake('A').run(100)
    expect(mesh.evidence('A', 'B')).toBe('')
  })

  it('other frames count as beats', () => {
    const mesh = three()
    mesh.powerOff('C')
    for (let i = 0; i < 10; i++) {
      const link = mesh.usable('A', 'C')[0] ?? 0
      mesh.tell('A', { kind: 'heard', link }).run(500)
    }
    expect(mesh.evidence('A', 'C')).toBe('')
    expect(mesh.evidence('B', 'C')).toContain('C')
  })

  it('silence is reported once for each spell', () => {
    const mesh = three()
    for (let i = 0; i < 2; i++) mesh.pause('C').run(2_000).wake('C').run(2_000)
    expect(mesh.evidence('A', 'C').replaceAll('B', '')).toBe('CC')
  })
})

describe('the machine', () => {
  it('gives the same effects for the same inputs', () => {
    expect(story()).toEqual(story())
  })

  it('is plain data: a copy of the state goes on alike', () => {
    const { machine } = three().life('A')
    expect(structuredClone(machine)).toEqual(machine)
  })
})
