import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actorSystem } from '../../src/actor/index.js'
import { ManualEngine, ManualHost } from './manual.js'
import { deeds, type Temper, Tree } from './tree.js'
import { brokenLaws, brokenWatches } from './tree-laws.js'

type Action =
  | {
      readonly do: 'send'
      readonly to: number
      readonly sender: number
      readonly what: number
      readonly other: number
      readonly ask: boolean
    }
  | { readonly do: 'run'; readonly turns: number; readonly pick: number }
  | { readonly do: 'stop' | 'drain' | 'grow' | 'breathe'; readonly to: number }
  | { readonly do: 'wait'; readonly ms: number }

const small = fc.nat({ max: 11 })
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    {
      weight: 14,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        to: small,
        sender: fc.nat({ max: 2 }),
        what: fc.nat({ max: deeds.length - 1 }),
        other: small,
        ask: fc.boolean(),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('run' as const), turns: small, pick: small }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('stop' as const, 'drain' as const, 'grow' as const, 'breathe' as const),
        to: small,
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 400 }) }) },
  ),
  { minLength: 20, maxLength: 100, size: 'max' },
)

const tempers: fc.Arbitrary<Temper[]> = fc.array(
  fc.record({
    strategy: fc.constantFrom('one-for-one' as const, 'all-for-one' as const, 'rest-for-one' as const),
    decide: fc.constantFrom(
      'restart' as const,
      'restart' as const,
      'resume' as const,
      'stop' as const,
      'escalate' as const,
      'throw' as const,
    ),
    onLimit: fc.constantFrom('stop' as const, 'escalate' as const),
    hooks: fc.constantFrom('fine' as const, 'throw' as const, 'reject' as const),
    backoffMs: fc.constantFrom(0, 0, 50),
    factoryFails: fc.constantFrom(0, 0, 2, 3),
  }),
  { minLength: 3, maxLength: 7, size: 'max' },
)

async function play(script: readonly Action[], kinds: readonly Temper[]): Promise<string[]> {
  const engine = new ManualEngine()
  const host = new ManualHost(engine)
  const system = actorSystem({ host, name: 'laws', askTimeoutMs: 10_000 })
  const tree = new Tree(system, kinds, () => host.clock.now().monotonicMs)
  tree.grow()
  tree.grow()
  let lastId = 0
  // Three generations to begin with.
  for (const to of [0, 0, 0, 1, 1, 2, 2, 2, 4]) {
    tree.send(to, { id: ++lastId, sender: 0, what: 'spawn', other: 0 }, false)
    await engine.settle()
  }
  const stops: Promise<void>[] = []
  let stopped = 0
  for (const action of script) {
    const to = 'to' in action ? action.to % tree.lives.length : 0
    if (action.do === 'send') {
      const what = deeds[action.what] ?? 'sync'
      tree.send(to, { id: ++lastId, sender: action.sender, what, other: action.other }, action.ask)
    } else if (action.do === 'run') for (let n = 0; n < action.turns; n++) engine.step(action.pick)
    else if (action.do === 'wait') host.advance(action.ms)
    else if (action.do === 'grow') tree.grow()
    else if (action.do === 'breathe') for (let n = 0; n < action.to; n++) await Promise.resolve()
    else {
      const node = tree.lives[to]?.node
      if (node !== undefined) {
        const stop = system.stop(node, { drain: action.do === 'drain' })
        stops.push(stop.then(() => void stopped++))
      }
    }
  }
  // Quiet: back-offs are over, the timers that repeat go on.
  for (let n = 0; n < 15; n++) {
    await engine.settle()
    host.advance(110)
  }
  await engine.settle()
  const broken = brokenWatches(tree)
  const last = tree.lives.map((_, of) => ({ id: ++lastId, sender: 9, what: 'sync' as const, other: of }))
  for (const deed of last) tree.send(deed.other, deed, true)
  await engine.settle()
  for (const deed of last)
    if (tree.asked.get(deed.id) === 'waiting') broken.push(`n${deed.other} neither runs nor ends`)
  if (stopped < stops.length) broken.push(`${stops.length - stopped} stops have not ended`)
  const done = system.shutdown()
  await engine.settle()
  await Promise.all([...stops, done])
  if (host.timersSet > 0) broken.push(`${host.timersSet} timers left`)
  if (engine.living > 0) broken.push(`${engine.living} cells left`)
  return [...broken, ...engine.faults.map((fault) => `the engine saw ${String(fault)}`), ...brokenLaws(tree)]
}

describe('laws of a tree under generated failures of handlers, factories, hooks and supervisors', () => {
  it('hold when turns are run in any order', async () => {
    await fc.assert(
      fc.asyncProperty(actions, tempers, async (script, kinds) => {
        expect(await play(script, kinds)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
