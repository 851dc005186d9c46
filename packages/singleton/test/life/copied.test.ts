import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

const NAMES = ['ann', 'bob', 'cy']
const LOCKS = /\/lock/

/** Puts what is on the disk of one machine on the disk of another: a cloned machine. */
function clone({ cluster: { world } }: Office, from: string, to: string): void {
  const disk = world.disk(from)
  const files = disk.files().filter((path) => path.startsWith('/data/') && !LOCKS.test(path))
  world
    .disk(to)
    .load('/data', Object.fromEntries(files.map((path) => [path.slice('/data/'.length), disk.content(path)])))
}

const office = (seed: number): Office => new Office({ seed, peers: 4, settings: { expect: 3 } }, NAMES)

describe('a data folder that was copied', () => {
  it('a copy that is started while the member runs ends with a sentence, before it votes', () => {
    const open = office(1)
    const { cluster } = open
    clone(open, 'cy', 'dee')
    const fromMs = cluster.world.nowMs
    const terms = cluster.peer('ann')?.succession.hard.term
    cluster.start('dee')
    expect(cluster.world.runUntil(() => cluster.endedBy('dee') !== null, { limitMs: 1_500 })).toBe(true)
    expect(cluster.endedBy('dee')).toMatch(/has the identity of a member|runs with the identity/)
    cluster.giveUp('dee', 'it was a copy')
    open.run(3_000)
    expect(cluster.peer('ann')?.succession.hard.term).toBe(terms)
    expect(open.events('ann', fromMs)).not.toContain('removing')
    expect(
      open
        .members('ann')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(NAMES)
    expect(open.row('ann', 'cy')?.reachable).toBe(true)
  })

  it('the machine that was copied and is off has moved: its folder goes on elsewhere, and the old one is refused', () => {
    const open = office(2)
    const { cluster } = open
    cluster.world.powerOff(['cy'])
    clone(open, 'cy', 'dee')
    open.run(200)
    cluster.start('dee')
    const there = (): boolean => open.row('ann', 'dee')?.reachable === true
    expect(cluster.world.runUntil(there, { limitMs: 6_000 })).toBe(true)
    expect(cluster.endedBy('dee')).toBeNull()
    cluster.start('cy')
    expect(cluster.world.runUntil(() => cluster.endedBy('cy') !== null, { limitMs: 6_000 })).toBe(true)
    expect(cluster.endedBy('cy')).toMatch(/identity|start \d+/)
  })
})

describe('generated moves and copies of whole peers', () => {
  it('who moved comes back; a copy of a living member never does', { timeout: 60_000 }, () => {
    const act = fc.record({
      copy: fc.boolean(),
      who: fc.integer({ min: 0, max: 2 }),
      how: fc.constantFrom('restart' as const, 'power-off' as const, 'crash' as const, 'running' as const),
      downMs: fc.integer({ min: 0, max: 2_500 }),
    })
    let copies = 0
    let moves = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.array(act, { minLength: 1, maxLength: 3 }),
        (seed, acts) => {
          const open = office(seed)
          const { cluster } = open
          const { world } = cluster
          for (const { copy, who, how, downMs } of acts) {
            const name = NAMES[who] ?? 'ann'
            if (copy) {
              copies += 1
              clone(open, name, 'dee')
              cluster.start('dee')
              const ended = (): boolean => cluster.endedBy('dee') !== null
              expect(world.runUntil(ended, { limitMs: 2_000 }), `a copy of ${name}`).toBe(true)
              cluster.giveUp('dee', 'it was a copy')
              world.wipe('dee')
            } else {
              moves += 1
              if (how === 'power-off') world.powerOff([name])
              if (how === 'crash') world.crash(name)
              open.run(how === 'running' ? 0 : downMs)
              world.changeAddress(name)
              if (how === 'restart') world.restart(name)
              else if (how !== 'running') world.start(name)
              const back = (): boolean => {
                const row = open.row(open.server, name)
                return cluster.settled && row?.address === world.address(name) && row.reachable
              }
              expect(world.runUntil(back, { limitMs: 9_000 }), `${name}, ${how}`).toBe(true)
            }
            expect(NAMES.filter((one) => cluster.endedBy(one) !== null)).toEqual([])
          }
          open.end(['dee'])
        },
      ),
      { numRuns: 12, seed: 5 },
    )
    expect(Math.min(copies, moves)).toBeGreaterThan(5)
  })
})
