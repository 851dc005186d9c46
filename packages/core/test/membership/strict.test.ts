import { describe, expect, it } from 'vitest'
import { addressOf, idOf, Mesh } from './mesh.js'

/** Rule 11 and counterexample C22: what stands between two peers can forge a reset and a refusal. */

function forgedEnd(mesh: Mesh): Mesh {
  mesh.run(2_000)
  for (const name of 'AB') mesh.forged.set(addressOf(name), 'refused')
  return mesh.resetLinks('A', 'B').run(100)
}

const started = (evidence: 'normal' | 'strict'): Mesh => {
  const mesh = new Mesh()
  mesh.strictness = evidence
  return mesh.start('AB').setView('AB')
}

describe("evidence: 'strict'", () => {
  it('C22: a forged reset and a forged refusal prove nothing', () => {
    const mesh = forgedEnd(started('strict'))
    expect(mesh.evidence('A', 'B')).toBe('B')
    expect(mesh.gone('A')).toBe('')
    // Without it they do: that is the danger of a pair behind a firewall.
    expect(forgedEnd(started('normal')).evidence('A', 'B')).toContain('A')
  })

  it('a real crash is no proof either: silence decides', () => {
    const mesh = started('strict').run(2_000).crash('B').run(1_000)
    expect(mesh.evidence('A', 'B')).not.toContain('A')
    expect(mesh.gone('A')).toBe('')
    expect(mesh.run(4_000).gone('A')).toBe('B')
  })

  it('a bye is proof', () => {
    const mesh = started('strict').run(2_000).tell('B', { kind: 'stop', leaving: false }).run(100)
    expect(mesh.evidence('A', 'B')).toBe('A')
  })

  it('a newer start at the same address is no proof: a copied disk answers like that', () => {
    const mesh = started('strict').run(2_000).crash('B').run(100)
    mesh.restart('B')
    mesh.run(1_000)
    expect(mesh.evidence('A', 'B')).not.toContain('A')
    expect(mesh.link('A', 'B')).toBe('ok')
  })

  it('is reported once, not with every redial', () => {
    const mesh = forgedEnd(started('strict')).run(900)
    expect(mesh.evidence('A', 'B').replaceAll('C', '')).toBe('B')
  })
})

describe('a newer start elsewhere', () => {
  it('proves nothing, heard or silent: it is a copied disk, or it has moved (rule 11 c)', () => {
    for (const silent of [false, true]) {
      const mesh = new Mesh().start('AB').setView('AB').run(2_000)
      if (silent) mesh.powerOff('B').run(5_000)
      mesh.boot('X', [addressOf('A')], { memberId: idOf('B'), incarnation: 9 })
      mesh.run(500)
      expect(mesh.evidence('A', 'B'), `silent: ${silent}`).not.toContain('A')
    }
  })
})
