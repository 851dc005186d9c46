import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ActorSystem, actorSystem, type EngineFault, nactEngine } from '../../src/actor/index.js'
import type { Engine } from '../../src/host/index.js'
import { ManualEngine, ManualHost } from './manual.js'
import { modes, Observation } from './probe.js'

type Action =
  | {
      readonly do: 'send'
      readonly to: number
      readonly sender: number
      readonly mode: number
      readonly ask: boolean
    }
  | { readonly do: 'run'; readonly turns: number; readonly pick: number }
  | { readonly do: 'breathe' | 'stop' | 'grow'; readonly to: number }
  | { readonly do: 'wait'; readonly ms: number }

const small = fc.nat({ max: 9 })
const send = fc.record({
  do: fc.constant('send' as const),
  to: small,
  sender: fc.nat({ max: 2 }),
  mode: fc.nat({ max: modes.length - 1 }),
  ask: fc.boolean(),
})
const run = fc.record({ do: fc.constant('run' as const), turns: small, pick: small })
const other = fc.record({
  do: fc.constantFrom('breathe' as const, 'stop' as const, 'grow' as const),
  to: small,
})
const wait = fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 600 }) })
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { arbitrary: send, weight: 12 },
    { arbitrary: run, weight: 4 },
    { arbitrary: other, weight: 3 },
    { arbitrary: wait, weight: 1 },
  ),
  { maxLength: 80 },
)

interface World {
  readonly host: ManualHost<Engine>
  run(turns: number, pick: number): Promise<void>
  /** Runs until `done`. */
  finish(done: Promise<void>): Promise<void>
}

function play(system: ActorSystem, world: World, observed: Observation) {
  let lastId = 0
  const stops: Promise<void>[] = []
  return async (action: Action): Promise<void> => {
    const actors = observed.probes.length
    if (action.do === 'send') {
      const mode = modes[action.mode] ?? 'sync'
      const job = { id: ++lastId, sender: action.sender, mode }
      if (action.ask) observed.ask(action.to % actors, job)
      else observed.tell(action.to % actors, job)
    } else if (action.do === 'run') await world.run(action.turns, action.pick)
    else if (action.do === 'wait') world.host.advance(action.ms)
    else if (action.do === 'breathe') for (let n = 0; n < action.to; n++) await Promise.resolve()
    else if (action.do === 'grow') observed.grow()
    else {
      const probe = observed.probes[action.to % actors]
      if (probe !== undefined) stops.push(system.stop(probe))
    }
  }
}

async function violationsOf(script: readonly Action[], world: World): Promise<string[]> {
  const system = actorSystem({ host: world.host, name: 'laws', askTimeoutMs: 10_000 })
  const observed = new Observation(system)
  observed.grow()
  observed.grow()
  const act = play(system, world, observed)
  for (const action of script) await act(action)
  await world.finish(system.shutdown())
  if (world.host.timersSet > 0) return [`${world.host.timersSet} timers left`]
  return observed.violations()
}

function manualWorld(): World & { readonly engine: ManualEngine } {
  const engine = new ManualEngine()
  return {
    engine,
    host: new ManualHost<Engine>(engine),
    run: async (turns, pick) => {
      for (let n = 0; n < turns; n++) engine.step(pick)
    },
    finish: async (done) => {
      await engine.settle()
      await done
    },
  }
}

async function loopTurns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

describe('laws under random schedules of sync, async and failing handlers, children and stops', () => {
  it('hold when turns are run in any order', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (script) => {
        const world = manualWorld()
        expect(await violationsOf(script, world)).toEqual([])
        expect([world.engine.faults, world.engine.living]).toEqual([[], 0])
      }),
      { numRuns: 500 },
    )
  })

  it('hold on nact, whose own crash handler never runs', async () => {
    const faults: EngineFault[] = []
    const engine = nactEngine('laws', { onFault: (fault) => faults.push(fault) })
    await fc.assert(
      fc.asyncProperty(actions, async (script) => {
        const host = new ManualHost<Engine>(engine)
        expect(await violationsOf(script, { host, run: loopTurns, finish: (done) => done })).toEqual([])
      }),
      { numRuns: 200 },
    )
    engine.stop()
    expect(faults).toEqual([])
  })
})
