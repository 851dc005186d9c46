import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type EngineFault, type NactEngine, nactEngine } from '../../src/actor/index.js'
import { actorLimits } from '../../src/actor/limits.js'
import { gate, ManualHost } from './manual.js'

const engines: NactEngine[] = []
const faults: EngineFault[] = []

function newEngine(options: Parameters<typeof nactEngine>[1] = {}): NactEngine {
  const engine = nactEngine('test', { onFault: (fault) => faults.push(fault), ...options })
  engines.push(engine)
  return engine
}

/** Long enough for everything that needs no timer. */
async function loopTurns(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

afterEach(() => {
  for (const engine of engines.splice(0)) engine.stop()
})

describe('nactEngine', () => {
  it('waking many idle cells costs one setImmediate', async () => {
    const engine = newEngine()
    const ran: number[] = []
    const cells = Array.from({ length: 100 }, (_, n) => engine.cell(`c${n}`, () => void ran.push(n)))
    const spy = vi.spyOn(globalThis, 'setImmediate')
    for (const cell of cells) cell.wake()
    const ownTurns = 4
    await loopTurns(ownTurns)
    const cost = spy.mock.calls.length - ownTurns
    spy.mockRestore()
    expect({ cost, ran }).toEqual({ cost: 1, ran: cells.map((_, n) => n) })
  })

  it('a turn that throws or rejects is reported with its name, and cell and engine go on', async () => {
    const engine = newEngine()
    let turns = 0
    const bad = engine.cell('bad', () => {
      turns++
      throw new Error('sync')
    })
    const worse = engine.cell('worse', () => Promise.reject(new Error('async')))
    let good = 0
    const fine = engine.cell('fine', () => void good++)
    for (const cell of [bad, worse, fine]) cell.wake()
    await loopTurns(3)
    bad.wake()
    fine.wake()
    await loopTurns(3)
    expect({ turns, good }).toEqual({ turns: 2, good: 2 })
    expect(faults.map((fault) => fault.cell)).toEqual(['bad', 'worse', 'bad'])
  })

  it('an onFault that throws does not stop the engine', async () => {
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const engine = newEngine({
      onFault: () => {
        throw new Error('reporter')
      },
    })
    let turns = 0
    const bad = engine.cell('bad', () => {
      turns++
      throw new Error('turn')
    })
    bad.wake()
    await loopTurns(2)
    bad.wake()
    await loopTurns(2)
    const said = quiet.mock.calls.length
    quiet.mockRestore()
    expect({ turns, said }).toEqual({ turns: 2, said: 2 })
  })

  it('no turn starts after the stop of the engine, also when a turn stops it', async () => {
    const engine = newEngine()
    let turns = 0
    const first = engine.cell('first', () => engine.stop())
    const second = engine.cell('second', () => void turns++)
    first.wake()
    second.wake()
    await loopTurns(3)
    second.wake()
    await loopTurns(3)
    expect(turns).toBe(0)
  })

  it('cells that always want to run leave room for timers', async () => {
    const engine = newEngine()
    let turns = 0
    const cells = Array.from({ length: 10 }, (_, n) => {
      const cell = engine.cell(`busy${n}`, () => {
        turns++
        cell.wake()
      })
      return cell
    })
    for (const cell of cells) cell.wake()
    await new Promise((resolve) => setTimeout(resolve, 5))
    const soFar = turns
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(turns).toBeGreaterThan(soFar)
  })

  it('what a promise of a turn goes on to wake runs before the next loop turn', async () => {
    const engine = newEngine()
    const seen: string[] = []
    const answered = gate()
    const second = engine.cell('second', () => void seen.push('second'))
    const first = engine.cell('first', () => {
      setImmediate(() => seen.push('loop turn'))
      answered.open()
    })
    first.wake()
    const outside = async (): Promise<void> => await answered.opened
    await outside()
    second.wake()
    await loopTurns(3)
    expect(seen).toEqual(['second', 'loop turn'])
  })

  it('cells that promises wake for ever leave room for timers', async () => {
    const host = new ManualHost(newEngine())
    const engine = newEngine({ clock: host.clock })
    let turns = 0
    const again = (): void => cell.wake()
    const cell = engine.cell('again', () => {
      turns++
      host.advance(0.1)
      void Promise.resolve().then(again)
    })
    cell.wake()
    await loopTurns(2)
    const soFar = turns
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(soFar).toBeGreaterThan(1)
    expect(turns).toBeGreaterThan(soFar)
  })

  it('who was idle goes before those who always want to run, and these still get their turns', async () => {
    const engine = newEngine()
    const seen: string[] = []
    for (let n = 0; n < 50; n++) {
      const cell = engine.cell(`busy${n}`, () => {
        seen.push('busy')
        cell.wake()
      })
      cell.wake()
    }
    await loopTurns(1)
    seen.length = 0
    for (let n = 0; n < 20; n++) engine.cell(`idle${n}`, () => void seen.push('idle')).wake()
    await loopTurns(1)
    const row = [...Array<string>(actorLimits.readyInRow).fill('idle'), 'busy']
    // The row may have begun before.
    const from = seen.indexOf('busy') + 1
    expect(from).toBeLessThanOrEqual(row.length)
    expect(seen.slice(from, from + 3 * row.length)).toEqual([...row, ...row, ...row])
  })

  it('reads the clock more seldom while turns are short, and again after each once they are long', async () => {
    const host = new ManualHost(newEngine())
    let readings = 0
    const clock = { now: () => (readings++, host.clock.now()) }
    const engine = newEngine({ clock })
    let took = 0.001
    let turns = 0
    const cells = Array.from({ length: 200 }, (_, n) =>
      engine.cell(`c${n}`, () => {
        turns++
        host.advance(took)
      }),
    )
    for (const cell of cells) cell.wake()
    await loopTurns(2)
    expect({ turns, seldom: readings < 200 / 4 }).toEqual({ turns: 200, seldom: true })
    took = 1.1
    const loops: number[] = []
    for (const cell of cells) cell.wake()
    for (let n = 0; n < 4; n++) {
      const before = turns
      await loopTurns(1)
      loops.push(turns - before)
    }
    // Each slice lasts 2 ms: at most eight turns are run before that is noticed, and from then on two.
    expect(Math.max(...loops)).toBeLessThanOrEqual(8)
    expect(loops.at(-1)).toBe(2)
  })

  it('with a clock, a slow turn ends the slice', async () => {
    const host = new ManualHost(newEngine())
    const engine = newEngine({ clock: host.clock })
    const seen: string[] = []
    const slow = (name: string): void =>
      engine
        .cell(name, () => {
          host.advance(3)
          seen.push(name)
        })
        .wake()
    slow('a')
    slow('b')
    setImmediate(() => seen.push('loop'))
    await loopTurns(4)
    expect(seen).toEqual(['a', 'loop', 'b'])
  })

  it('two engines of one name live side by side', async () => {
    let turns = 0
    const [first, second] = [newEngine(), newEngine()]
    first.cell('a', () => void turns++).wake()
    second.cell('a', () => void turns++).wake()
    second.stop()
    await loopTurns(3)
    expect(turns).toBe(1)
  })

  it("nact's own crash handler never ran in all of the above", () => {
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.filter((fault) => fault.cell === null)).toEqual([])
  })

  it('the engine and the room for actors of nact alone import it', () => {
    const root = fileURLToPath(new URL('../../src/', import.meta.url))
    const importers = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) =>
        /(?:from|import|require)\s*\(?\s*['"]nact['"/]/.test(readFileSync(root + path, 'utf8')),
      )
    expect(importers).toEqual(['actor/engine.ts', 'actor/nact/room.ts'])
  })
})
