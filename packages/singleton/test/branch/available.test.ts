import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

/** Mode `available`: both sides of a split serve, as branches, and become one again. */

function office(peers: number, seed: number): Office {
  const made = new Office({
    seed,
    peers,
    settings: { mode: 'available', timing: { availableAfterMs: 2_000 } },
  })
  made.cluster.startAll()
  made.settle()
  made.until(() => made.cluster.seated)
  made.add('ann')
  return made
}

function oneBranch(made: Office): string {
  made.until(
    () => made.cluster.settled && new Set(made.cluster.names.map((n) => made.branchOf(n))).size === 1,
  )
  return made.branchOf('ann')
}

const SEEDS = [1, 2, 3, 4]

describe('available mode', () => {
  it.each(SEEDS)('{A, B} | {C, D, E}: both serve, the majority goes on (seed %i)', (seed) => {
    const made = office(5, seed)
    const first = made.branchOf('ann')
    made.cluster.world.split(['ann', 'bob'])
    const lost = [made.add('ann'), made.add('bob')]
    const kept = [made.add('cy'), made.add('eve')]
    expect(made.branchOf('ann')).toBe(made.branchOf('bob'))
    expect(made.branchOf('ann')).not.toBe(first)
    expect(made.branchOf('cy')).toBe(first)
    made.cluster.world.healAll()
    expect(oneBranch(made)).toBe(first)
    for (const id of kept) expect(made.ids('ann')).toContain(id)
    for (const id of lost) expect(made.ids('ann')).not.toContain(id)
    made.until(() => made.cluster.voters.length === 5)
    made.judge('cy')
  })

  it.each(SEEDS)('{A, B} | {C, D} without E: two new branches, one goes on (seed %i)', (seed) => {
    const made = office(5, seed)
    const first = made.branchOf('ann')
    made.cluster.world.powerOff(['eve'])
    made.cluster.world.split(['ann', 'bob'])
    made.add('ann')
    made.add('dee')
    made.add('bob')
    expect(new Set([first, made.branchOf('ann'), made.branchOf('cy')]).size).toBe(3)
    made.cluster.world.healAll()
    made.until(() => new Set(['ann', 'bob', 'cy', 'dee'].map((n) => made.branchOf(n))).size === 1)
    made.add('cy')
    oneBranch(made)
    made.judge('ann')
  })

  it('{A} | {B} | {C}: three branches become one again', () => {
    const made = office(3, 9)
    const { world } = made.cluster
    world.split(['ann'], ['bob', 'cy'])
    world.split(['bob'], ['ann', 'cy'])
    for (const name of made.cluster.names) made.add(name)
    expect(new Set(made.cluster.names.map((n) => made.branchOf(n))).size).toBe(3)
    world.healAll()
    oneBranch(made)
    made.add('bob')
    made.judge('ann')
  })

  it('nobody forks while a majority is there, also without a leader for a moment', () => {
    const made = office(3, 5)
    const first = made.branchOf('ann')
    for (let i = 0; i < 4; i++) {
      const server = made.cluster.server() ?? ''
      made.cluster.world.crash(server)
      made.run(3_000)
      made.cluster.start(server)
      made.settle()
    }
    expect(oneBranch(made)).toBe(first)
    made.judge('ann')
  })
})
