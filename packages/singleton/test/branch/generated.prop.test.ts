import { seededRandom } from '@tanist/core/testing'
import type { Random } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { Office } from './office.js'

/**
 * Generated failures in mode `available`, and under operators who force continuations whenever they may: within a
 * branch all is as ever, branches that meet become one, and what was acknowledged is kept or set aside.
 */

const FROM = Number(process.env['BRANCH_FROM'] ?? 0)
const RUNS = Number(process.env['BRANCH_RUNS'] ?? 12)

interface Options {
  readonly seed: string
  readonly peers: number
  readonly operators: boolean
}

function runCase({ seed, peers, operators }: Options): Office {
  const random = seededRandom(seed)
  const settings = operators ? {} : { mode: 'available' as const, timing: { availableAfterMs: 1_000 } }
  const made = new Office({ seed, peers, settings })
  const { world, names } = made.cluster
  made.cluster.startAll()
  made.settle()
  made.until(() => made.cluster.seated)
  for (let act = 0; act < 12; act++) {
    fault(made, random)
    for (let i = 0; i < 5; i++) {
      made.run(100 + random.next() * 900)
      for (const name of names) if (made.cluster.isRunning(name) && random.next() < 0.7) made.ask(name, 1_500)
      if (operators && random.next() < 0.3) force(made, random)
    }
  }
  world.healAll()
  for (const name of names) if (world.state(name) === 'stopped') made.cluster.start(name)
  if (operators) made.run(5_000)
  const whole = (): boolean =>
    made.cluster.settled && new Set(names.map((name) => made.branchOf(name))).size === 1
  // Branches without a leader stay apart until an operator says that they go on.
  for (let i = 0; operators && i < 20 && !whole(); i++) {
    made.run(5_000)
    if (!whole()) force(made, random)
  }
  made.until(whole, 60_000)
  const [first = ''] = names
  made.add(first)
  made.judge(first)
  return made
}

function named(seed: string, peers: number, operators: boolean): Office {
  try {
    return runCase({ seed, peers, operators })
  } catch (error) {
    throw new Error(`The case "${seed}" with ${peers} peers: ${String(error)}`, { cause: error })
  }
}

function force(made: Office, random: Random): void {
  const running = made.cluster.names.filter(
    (name) => made.cluster.isRunning(name) && made.core(name).status().server === null,
  )
  const name = running[Math.floor(random.next() * running.length)]
  if (name !== undefined) made.core(name).continueHere('generated', () => {})
}

function fault(made: Office, random: Random): void {
  const { cluster } = made
  const { world, names } = cluster
  const some = names.filter(() => random.next() < 0.5)
  const one = names[Math.floor(random.next() * names.length)] ?? ''
  const dice = random.next()
  if (dice < 0.3) world.split(some)
  else if (dice < 0.5) world.heal()
  else if (dice < 0.65) world.crash(one)
  else if (dice < 0.7) world.powerOff([one], { tear: true })
  else if (dice < 0.75) world.pause(one)
  else if (dice < 0.8) world.healAll()
  if (dice > 0.55)
    for (const name of names) if (world.state(name) === 'stopped' && random.next() < 0.6) cluster.start(name)
}

describe('generated failures', () => {
  it('mode available: every branch keeps its word, and one of them goes on', () => {
    let branches = 0
    let acknowledged = 0
    for (let i = FROM; i < FROM + RUNS; i++) {
      const made = named(`available ${i}`, 3 + (i % 3), false)
      branches += made.watch.branches.size
      acknowledged += made.watch.acknowledgedCount
    }
    expect(branches).toBeGreaterThan(2 * RUNS)
    expect(acknowledged).toBeGreaterThan(20 * RUNS)
  })

  it('operators who force continuations: every branch keeps its word, and one of them goes on', () => {
    let branches = 0
    for (let i = FROM; i < FROM + RUNS; i++) {
      const made = named(`operator ${i}`, 3 + (i % 3), true)
      branches += made.watch.branches.size
    }
    expect(branches).toBeGreaterThan(RUNS)
  })
})
