import { readFile } from 'node:fs/promises'
import { setTimeout as realSleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/index.js'
import { checkDeterminism, checkSameRuns, createWorld, type World } from '../../src/testing/index.js'

/** Two nodes; on `ann` the actor `clerk` has a turn every 10 ms. */
function office(world: World, clerk: (host: Host, turn: number) => void | Promise<void>): void {
  for (const name of ['ann', 'bob'])
    world.node(name, {
      start: (host) => {
        let turns = 0
        const act = name === 'ann' ? clerk : () => {}
        const cell = host.engine.cell('clerk', () => act(host, ++turns))
        const beat = (): void => {
          cell.wake()
          host.timers.set(10, beat)
        }
        beat()
      },
    })
  for (const name of ['ann', 'bob']) world.start(name)
}

const later =
  (clerk: (host: Host, turn: number) => void | Promise<void>) =>
  async (world: World): Promise<void> => {
    office(world, clerk)
    await world.runAsync({ forMs: 2_000 })
  }

describe('checkDeterminism of a run with promises', () => {
  it('passes what depends on the world alone, at another real pace too', async () => {
    let most = 0
    await checkDeterminism(
      later(async (host, turn) => {
        await new Promise<void>((resolve) => void host.timers.set(host.random.next() * 5, resolve))
        host.log.write('info', 'turn', `turn ${turn}`)
        most = Math.max(most, turn)
      }),
      3,
    )
    expect(most).toBeGreaterThan(50)
  })

  it('names the actor that reads a real file', async () => {
    const file = fileURLToPath(import.meta.url)
    const check = checkDeterminism(
      later(async (_host, turn) => {
        if (turn === 3) await readFile(file)
      }),
      3,
    )
    await expect(check).rejects.toThrow(
      'ann used a file in turn of clerk, at 20 ms: in the world use host.disk',
    )
  })

  it('names the actor that waits for a real timer, also one of node:timers', async () => {
    const check = checkDeterminism(
      later(async (_host, turn) => {
        if (turn === 3) await realSleep(1)
      }),
      3,
    )
    await expect(check).rejects.toThrow('ann used a real timer in turn of clerk, at 20 ms')
  })

  it('names the first event that differs, and the turn before it', async () => {
    let runs = 0
    const check = checkDeterminism(async (world) => {
      runs++
      const own = runs
      office(world, (host, turn) => {
        if (turn === 4) host.timers.set(own, () => {})
      })
      await world.runAsync({ forMs: 100 })
    }, 3)
    await expect(check).rejects.toThrow(
      /^Two runs from seed 3 differ from event \d+ on: first "timer" on ann at 31 ms, then .*; the last turn there before it was the turn of clerk$/,
    )
  })

  it('names what depends on the real pace although no turn waits for it', async () => {
    const real = setImmediate
    const check = checkDeterminism(async (world) => {
      let loops = 0
      let counting = true
      const count = (): void => {
        loops++
        if (counting) real(count)
      }
      count()
      office(world, (host) => host.log.write('info', 'count', String(loops)))
      await world.runAsync({ forMs: 100 })
      counting = false
    }, 3)
    await expect(check).rejects.toThrow(/differ from event \d+ on: first "info count: \d+" on ann/)
  })
})

describe('checkSameRuns', () => {
  it('compares runs that make their world themselves', () => {
    let stamp = 0
    const make = (text: () => string) => (twin: object) => {
      const world = createWorld({ seed: 5, ...twin })
      office(world, (host) => host.log.write('info', 'said', text()))
      world.run({ forMs: 50 })
      return world
    }
    checkSameRuns(
      'an office',
      make(() => 'the same'),
    )
    expect(() =>
      checkSameRuns(
        'an office',
        make(() => String(++stamp)),
      ),
    ).toThrow(
      /^Two runs from an office differ from event \d+ on: first "info said: 1" on ann at 0 ms, then "info said: 7" on ann at 0 ms; the last turn/,
    )
  })
})
