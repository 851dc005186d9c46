import { describe, expect, it } from 'vitest'
import { linkStates } from '../../src/membership/index.js'
import { Mesh } from './mesh.js'

const office = (names: string): Mesh => new Mesh(3).start(names).run(1_000).setView(names).run(2_000)

/** How `a` has reached `b`, each change in turn; not the moments in which it knew no way. */
function ways(mesh: Mesh, a: string, b: string): string[] {
  return mesh
    .events(a, 'route')
    .filter(({ memberId }) => mesh.nameOf(memberId) === b)
    .map(({ by }) => (by === null || by === 'link' ? String(by) : mesh.nameOf(by.via)))
    .filter((by) => by !== 'null')
    .filter((by, at, all) => by !== all[at - 1])
}

/** What `a` reports of its own links: `A-B` when it becomes bad, `A+B` when it is good again. */
function reports(mesh: Mesh, a: string): string[] {
  return allReports(mesh, a).filter((text) => text.startsWith(a))
}

/** The same of everybody's. */
function allReports(mesh: Mesh, a: string): string[] {
  return mesh
    .events(a, 'bad-link')
    .map(({ from, to, bad }) => `${mesh.nameOf(from)}${bad ? '-' : '+'}${mesh.nameOf(to)}`)
}

function stateOf(mesh: Mesh, a: string, b: string): string | undefined {
  return linkStates(mesh.life(a).machine).find(({ memberId }) => mesh.nameOf(memberId) === b)?.state
}

const others = (names: string, but: string): string[] => names.split('').filter((name) => !but.includes(name))

describe('one link that is bad', () => {
  const cuts = [
    ['both ways', (mesh: Mesh) => mesh.cut('A', 'B')],
    ['A → B only', (mesh: Mesh) => mesh.cutOneWay('A', 'B')],
    ['B → A only', (mesh: Mesh) => mesh.cutOneWay('B', 'A')],
  ] as const

  it.each(cuts)('A, B, C, A–B cut %s: gone round by C, told by both ends, nobody removed', (_, cut) => {
    const mesh = office('ABC')
    cut(mesh)
    mesh.run(2_000)
    expect(ways(mesh, 'A', 'B')).toEqual(['link', 'C'])
    expect(ways(mesh, 'B', 'A')).toEqual(['link', 'C'])
    mesh.run(60_000)
    expect([reports(mesh, 'A'), reports(mesh, 'B')]).toEqual([['A-B'], ['B-A']])
    expect([stateOf(mesh, 'A', 'B'), stateOf(mesh, 'B', 'A')]).toEqual(['bad', 'bad'])
    expect(mesh.gone('A') + mesh.gone('B') + mesh.gone('C')).toBe('')
    expect(mesh.evidence('A', 'B') + mesh.evidence('B', 'A')).not.toContain('A')
    mesh.heal('A', 'B').run(5_000)
    expect([reports(mesh, 'A'), reports(mesh, 'B')]).toEqual([
      ['A-B', 'A+B'],
      ['B-A', 'B+A'],
    ])
    expect(ways(mesh, 'A', 'B')).toEqual(['link', 'C', 'link'])
    expect(ways(mesh, 'B', 'A')).toEqual(['link', 'C', 'link'])
    expect(mesh.gaps('ABC')).toEqual([])
  })

  it.each(cuts)('5 members, A–B cut %s: the others hear of it and go no other way', (_, cut) => {
    const mesh = office('ABCDE')
    cut(mesh)
    mesh.run(30_000)
    for (const name of others('ABCDE', 'AB')) {
      expect(reports(mesh, name)).toEqual([])
      expect(allReports(mesh, name).toSorted()).toEqual(['A-B', 'B-A'])
      for (const other of others('ABCDE', name)) expect(ways(mesh, name, other)).toEqual(['link'])
    }
  })

  it('the oldest that hears both is the relay, and stays it when an older one is back', () => {
    const mesh = office('CDAB').cut('A', 'B').run(3_000)
    expect(ways(mesh, 'A', 'B')).toEqual(['link', 'C'])
    mesh.cut('C', 'B').run(3_000)
    expect(ways(mesh, 'A', 'B')).toEqual(['link', 'C', 'D'])
    mesh.heal('C', 'B').run(5_000)
    expect(ways(mesh, 'A', 'B')).toEqual(['link', 'C', 'D'])
  })

  it('a relay that dies is replaced in the same moment', () => {
    const mesh = office('CDAB').cut('A', 'B').run(3_000)
    const beforeMs = mesh.now
    mesh.crash('C').run(20)
    expect(ways(mesh, 'A', 'B')).toEqual(['link', 'C', 'D'])
    expect(ways(mesh, 'B', 'A')).toEqual(['link', 'C', 'D'])
    const at = mesh.seen.findLast(({ event }) => event.kind === 'route' && event.by !== 'link')?.at ?? 0
    expect(at - beforeMs).toBeLessThan(20)
  })

  it('a link that is reset and dialled again at once is nothing', () => {
    const mesh = office('ABC').resetLinks('A', 'B').run(5_000)
    expect(reports(mesh, 'A')).toEqual([])
    expect(new Set(ways(mesh, 'A', 'B'))).toEqual(new Set(['link']))
  })

  it('slow by two seconds each way: gone round, told by both, and used again when it is fast', () => {
    const mesh = office('ABC').slow('A', 'B', 2_000).run(12_000)
    expect([reports(mesh, 'A'), reports(mesh, 'B')]).toEqual([['A-B'], ['B-A']])
    expect(ways(mesh, 'A', 'B').at(-1)).toBe('C')
    mesh.slow('A', 'B', 0).run(15_000)
    expect([reports(mesh, 'A').at(-1), reports(mesh, 'B').at(-1)]).toEqual(['A+B', 'B+A'])
    expect(ways(mesh, 'A', 'B').at(-1)).toBe('link')
    expect(mesh.gone('A') + mesh.gone('B')).toBe('')
  })

  it('a link that fails again and again is trusted later each time', () => {
    const mesh = office('ABC')
    const backMs: number[] = []
    for (let i = 0; i < 4; i++) {
      mesh.cut('A', 'B').run(4_000).heal('A', 'B')
      const healedMs = mesh.now
      mesh.run(8_000)
      const back = mesh.seen.findLast(
        ({ by, event }) => by === 'A' && event.kind === 'route' && event.by === 'link',
      )
      backMs.push((back?.at ?? 0) - healedMs)
    }
    expect(backMs.every((ms) => ms > 0)).toBe(true)
    expect(backMs[3]).toBeGreaterThan(4 * (backMs[0] ?? 0) - 4_000)
    expect(backMs[3]).toBeGreaterThan(5_000)
  })
})

describe('what is no bad link', () => {
  it('a member that crashed, lost its power or froze is reported as no link of anybody', () => {
    for (const fail of ['crash', 'powerOff', 'pause'] as const) {
      const mesh = office('ABCD')
      mesh[fail]('B')
      mesh.run(20_000)
      for (const name of 'ACD') {
        expect(reports(mesh, name)).toEqual([])
        expect(ways(mesh, name, 'B').filter((by) => by !== 'link')).toEqual([])
      }
    }
  })

  it('a process that was frozen itself reports nothing when it wakes', () => {
    for (const ms of [900, 1_500, 2_500]) {
      const mesh = office('ABCD').pause('A').run(ms).wake('A').run(10_000)
      for (const name of 'ABCD') expect(reports(mesh, name)).toEqual([])
    }
  })

  it('two halves that do not see each other: nobody is said to be reached through anybody', () => {
    const mesh = office('ABCD')
    for (const a of 'AB') for (const b of 'CD') mesh.cut(a, b)
    mesh.run(20_000)
    for (const a of 'ABCD') expect(reports(mesh, a)).toEqual([])
  })

  it('two members alone have no third', () => {
    const mesh = office('AB').cut('A', 'B').run(20_000)
    expect(ways(mesh, 'A', 'B')).toEqual(['link'])
    expect(mesh.events('A', 'route').at(-1)?.by).toBe(null)
    expect(reports(mesh, 'A')).toEqual([])
  })
})
