import { describe, expect, it } from 'vitest'
import type { Schedule } from '@tanist/core/testing'
import {
  applyToMachines,
  machineCase,
  machineFaultKinds,
  runMachines,
  SuccessionWorld,
} from '../../src/testing/machines/index.js'

function formed(peers: number): SuccessionWorld {
  const world = new SuccessionWorld({ seed: 1, peers })
  expect(world.plain.runUntil(() => world.settled, { limitMs: 10_000 })).toBe(true)
  world.plain.run(2_000)
  return world
}

const serverName = (world: SuccessionWorld): string | undefined => world.server?.name

describe('a run of machines', () => {
  it('is the same for the same options, and another for another seed', () => {
    const options = { peers: 5, schedule: machineCase('any', 5, 3, 0).schedule }
    const first = runMachines({ ...options, seed: 1 })
    const second = runMachines({ ...options, seed: 1 })
    expect(second.digest).toBe(first.digest)
    expect(second.ops).toEqual(first.ops)
    expect(runMachines({ ...options, seed: 2 }).digest).not.toBe(first.digest)
  })

  it('without faults has one reign and answers everything', () => {
    const run = runMachines({ seed: 1, peers: 5, schedule: [], forMs: 5_000 })
    expect(run.contradictions).toEqual([])
    expect(run.reigns).toBe(1)
    expect(run.acknowledged).toBe(run.ops.length)
    expect(run.ops.some((op) => op.read)).toBe(true)
  })

  it('refuses a fault that means nothing to machines, and names those that do', () => {
    const schedule: Schedule = [{ at: 0, do: 'rot', who: 'ann' }]
    expect(() => runMachines({ seed: 1, peers: 3, schedule })).toThrow(
      'bare succession machines know no fault "rot"; they know crash, restart,',
    )
  })

  it('takes what a machine throws for a contradiction', () => {
    const meanwhile = (world: SuccessionWorld): void => {
      const follower = world.running.find((peer) => !peer.serves)
      const payload = new Uint8Array(1)
      world.plain.schedule(world.nowMs + 100, () => follower?.step({ kind: 'propose', payload }))
    }
    const run = runMachines({ seed: 1, peers: 3, schedule: [], meanwhile, forMs: 2_000 })
    expect(run.contradictions[0]).toMatchObject({
      law: 'throws',
      text: expect.stringContaining('only the leader proposes commands') as string,
    })
  })
})

describe('a fault', () => {
  it('of any kind fires, and healing undoes it', () => {
    const others = { who: 'server', from: 'ann', to: 'bob', rate: 0.5, byMs: 100, act: 'hand-over' }
    for (const kind of machineFaultKinds) {
      const links = ['slow', 'loss', 'duplicate', 'reorder', 'reset'].includes(kind)
      const { who, from, to, ...rest } = others
      const target =
        kind === 'cut'
          ? { from, to }
          : kind === 'split'
            ? { a: [who] }
            : kind === 'bridge'
              ? { over: who }
              : { who }
      const fields = kind === 'power-off' ? { who: [who] } : links || kind !== 'ring' ? target : {}
      const rate = kind === 'drift' ? { rate: 1.005 } : {}
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- put together from the fields of all kinds
      const schedule = [{ at: 500, do: kind, ...rest, ...rate, ...fields }] as unknown as Schedule
      const run = runMachines({ seed: 2, peers: 5, schedule, forMs: 3_000 })
      expect(run.contradictions, kind).toEqual([])
      expect(run.fired.map((one) => one.fault.do)).toEqual([kind])
    }
  })

  it('on a happening fires when it happens, at whoever plays the role then', () => {
    const world = formed(3)
    const before = serverName(world)
    world.clients.begin()
    const fired = applyToMachines(world, [
      { at: 100, do: 'crash', who: 'server' },
      { on: 'server.acknowledged#2', do: 'crash', who: 'server', for: 500 },
    ])
    world.plain.run(100)
    expect(fired.map(({ hit }) => hit)).toEqual([[before]])
    world.healAll()
    world.plain.run(5_000)
    expect(fired).toHaveLength(2)
    expect(fired[1]?.hit).not.toEqual([before])
    expect(world.laws.contradictions).toEqual([])
  })
})

describe('evidence', () => {
  it('of a crash lets the next in line serve much sooner than silence does', () => {
    const takeOverMs = (fault: Schedule): number => {
      const world = formed(5)
      const before = serverName(world)
      applyToMachines(world, fault)
      const sinceMs = world.nowMs
      const next = (): boolean => (serverName(world) ?? before) !== before
      expect(world.plain.runUntil(next, { limitMs: 5_000, everyMs: 1 })).toBe(true)
      return world.nowMs - sinceMs
    }
    const crash = takeOverMs([{ at: 0, do: 'crash', who: 'server' }])
    const dark = takeOverMs([{ at: 0, do: 'power-off', who: ['server'] }])
    expect(crash).toBeLessThan(50)
    expect(dark).toBeGreaterThan(100)
    expect(dark).toBeLessThan(1_000)
  })

  it('is not given where the other side only went dark', () => {
    const world = formed(3)
    const name = serverName(world) ?? ''
    applyToMachines(world, [{ at: 0, do: 'power-off', who: ['server'] }])
    world.plain.run(2_500)
    for (const { state } of world.running) {
      expect(state.dead.get(name)).toBeUndefined()
      expect(state.links.has(name)).toBe(false)
    }
    world.plain.run(3_000)
    expect(world.running.some(({ state }) => state.view.has(name))).toBe(false)
  })

  it('is not given where an older crash is undone while the power is gone', () => {
    const world = formed(3)
    const undo = world.crash('cy')
    world.restart('cy')
    world.plain.run(3_000)
    world.powerOff(['cy'], false)
    undo()
    expect(world.peer('cy')).toBeNull()
    // A kernel without power refuses no dials.
    expect(world.peer('ann')?.refuses(world.id('cy'))).toBe(false)
    world.healAll()
    expect(world.peer('cy')).not.toBeNull()
  })

  it('comes from a newer incarnation, too', () => {
    const world = formed(3)
    applyToMachines(world, [{ at: 0, do: 'power-off', who: ['cy'], for: 200 }])
    world.plain.run(1_000)
    expect(world.peer('ann')?.state.dead.get('cy')).toBe(1)
    expect(world.peer('ann')?.state.links.get('cy')?.incarnation).toBe(2)
  })
})

describe('a disk of machines', () => {
  it('keeps what it has synced when the power goes, and what was written when only the process dies', () => {
    const world = new SuccessionWorld({ seed: 1, peers: 1, syncMs: [400, 400], clients: 1, pauseMs: 50 })
    world.plain.run(5_000)
    world.clients.begin()
    world.plain.run(1_000)
    const written = world.peer('ann')?.disk.lastIndex ?? 0
    const acknowledged = world.clients.ops.filter(({ endedAtMs }) => endedAtMs !== null).length
    expect(acknowledged).toBeGreaterThan(0)
    world.restart('ann')
    expect(world.peer('ann')?.disk.lastIndex).toBe(written)
    world.plain.run(2_000)
    const last = Math.max(...world.clients.ops.map(({ index }) => index))
    world.powerOff(['ann'], false)()
    const kept = world.peer('ann')?.disk.lastIndex ?? 0
    expect(kept).toBeGreaterThanOrEqual(last)
    expect(world.laws.contradictions).toEqual([])
  })
})
