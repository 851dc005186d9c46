import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Mesh } from './mesh.js'

type Fault =
  | { readonly do: 'crash' | 'restart' | 'power' | 'pause'; readonly who: number; readonly ms: number }
  | {
      readonly do: 'cut' | 'heal' | 'reset'
      readonly who: number
      readonly with: number
      readonly ms: number
    }

const names = 'ABCDEF'
const index = fc.nat(5)
const gap = fc.nat(2_500)
const one = (what: 'crash' | 'restart' | 'power' | 'pause'): fc.Arbitrary<Fault> =>
  fc.record({ do: fc.constant(what), who: index, ms: gap })
const two = (what: 'cut' | 'heal' | 'reset'): fc.Arbitrary<Fault> =>
  fc.record({ do: fc.constant(what), who: index, with: index, ms: gap })
const anyFault = fc.oneof(
  one('crash'),
  one('restart'),
  one('restart'),
  one('power'),
  one('pause'),
  two('cut'),
  two('heal'),
  two('reset'),
)

/** Checks at every event what must hold at every moment. */
function guard(mesh: Mesh): void {
  const accused = new Set<string>()
  mesh.watch = (by, event) => {
    if (event.kind !== 'evidence' && event.kind !== 'gone') return
    const about = mesh.life(mesh.nameOf(event.memberId))
    const living = about.running && about.incarnation === event.incarnation
    const text = `t=${mesh.now} ${by.name}: ${JSON.stringify(event)}`
    if (event.kind === 'evidence') {
      if (event.class !== 'A') return
      if (living) throw new Error(`a living incarnation was proven dead: ${text}`)
      const key = `${by.name}${by.incarnation}${about.name}${event.incarnation}`
      if (accused.has(key)) throw new Error(`accused twice: ${text}`)
      accused.add(key)
      return
    }
    if (!living) return
    for (const [name, heard] of by.hearing) {
      const witness = mesh.life(name)
      const hears = witness.hearing.get(about.name)
      const steady = (h?: { since: number; last: number }): boolean =>
        h !== undefined && mesh.now - h.since > 1_600 && mesh.now - h.last < 600
      if (name !== about.name && witness.running && steady(heard) && steady(hears))
        throw new Error(`${name} hears it: ${text}`)
    }
  }
}

function play(mesh: Mesh, size: number, faults: readonly Fault[]): string {
  const peers = names.slice(0, size)
  guard(mesh)
  mesh.start(peers).setView(peers).run(1_000)
  for (const f of faults) {
    const who = peers.charAt(f.who % size)
    const life = mesh.life(who)
    if (f.do === 'crash') mesh.crash(who)
    if (f.do === 'power' && life.running) mesh.powerOff(who)
    if (f.do === 'restart' && !life.running) {
      mesh.restart(who)
      mesh.setView(peers)
    }
    if (f.do === 'pause' && !life.paused) {
      mesh.pause(who)
      mesh.at(f.ms * 2, () => mesh.wake(who))
    }
    if ('with' in f) {
      const other = peers.charAt(f.with % size)
      if (other === who) continue
      if (f.do === 'cut') mesh.cut(who, other)
      if (f.do === 'heal') mesh.heal(who, other)
      if (f.do === 'reset') mesh.resetLinks(who, other)
    }
    mesh.run(f.ms)
  }
  mesh.run(5_000)
  mesh.healAll()
  for (const name of peers) {
    mesh.wake(name)
    if (!mesh.life(name).running) mesh.restart(name)
  }
  mesh.setView(peers)
  return peers
}

const runs = Number(process.env['MEMBERSHIP_RUNS'] ?? 60)
const schedule = fc.record({
  seed: fc.integer({ min: 1, max: 1e9 }),
  size: fc.integer({ min: 3, max: 6 }),
  faults: fc.array(anyFault, { maxLength: 14 }),
})

describe('laws under random faults', () => {
  it('heals to exactly one link for each pair, and nobody alive is proven dead or gone while heard', () => {
    fc.assert(
      fc.property(schedule, ({ seed, size, faults }) => {
        const mesh = new Mesh(seed)
        const peers = play(mesh, size, faults)
        mesh.run(6_000)
        expect(mesh.gaps(peers)).toEqual([])
        const before = mesh.seen.length
        mesh.run(5_000)
        // Settled for good: no link is closed or replaced without a reason.
        expect(mesh.seen.slice(before).map((e) => `${e.by} ${JSON.stringify(e.event)}`)).toEqual([])
      }),
      { numRuns: runs },
    )
  })

  it('calls nobody gone for pauses of up to 2.5 s, and the woken accuse nobody', () => {
    const pauses = fc.array(fc.record({ who: index, ms: fc.integer({ min: 100, max: 2_500 }), gap }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 3, max: 6 }),
        pauses,
        (seed, size, list) => {
          const peers = names.slice(0, size)
          const mesh = new Mesh(seed)
          guard(mesh)
          mesh.start(peers).setView(peers).run(1_000)
          for (const p of list) {
            const who = peers.charAt(p.who % size)
            mesh.run(p.gap).pause(who).run(p.ms)
            const before = mesh.seen.length
            mesh.wake(who).run(500)
            const said = mesh.seen.slice(before).filter((e) => e.by === who && e.event.kind === 'evidence')
            expect(said).toEqual([])
          }
          mesh.run(3_000)
          expect(
            peers
              .split('')
              .map((n) => mesh.gone(n))
              .join(''),
          ).toBe('')
          expect(mesh.gaps(peers)).toEqual([])
        },
      ),
      { numRuns: runs },
    )
  })
})
