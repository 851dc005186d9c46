import { dispatch, spawn, start, stop } from 'nact'
import { describe, expect, it } from 'vitest'
import { actor, actorSystem, nactEngine } from '../../src/actor/index.js'
import { ManualHost } from './manual.js'

const MESSAGES = 300_000

async function throughNact(): Promise<number> {
  const system = start()
  const began = performance.now()
  await new Promise<void>((done) => {
    const sink = (n: number, by: number): number => {
      if (n + by === MESSAGES) done()
      return n + by
    }
    const ref = spawn(system, sink, 'sink', { initialState: 0 })
    for (let n = 0; n < MESSAGES; n++) dispatch(ref, 1)
  })
  const seconds = (performance.now() - began) / 1_000
  stop(system)
  return MESSAGES / seconds
}

async function throughLayer(): Promise<number> {
  const clock = { now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }) }
  const engine = nactEngine('throughput', { clock })
  const system = actorSystem({ host: Object.assign(new ManualHost(engine), { clock }), name: 'throughput' })
  const sink = actor({
    state: () => ({ n: 0 }),
    on: {
      add: (s, m: { by: number; done: () => void }) => {
        const n = s.n + m.by
        if (n === MESSAGES) m.done()
        return { n }
      },
    },
    mailbox: { capacity: MESSAGES },
  })
  const ref = system.spawn(sink, 'sink')
  const began = performance.now()
  await new Promise<void>((done) => {
    const message = { by: 1, done }
    for (let n = 0; n < MESSAGES; n++) ref.tell.add(message)
  })
  const seconds = (performance.now() - began) / 1_000
  await system.shutdown()
  engine.stop()
  return MESSAGES / seconds
}

describe('tell throughput', () => {
  it('every message arrives; the rates are printed, not judged', async () => {
    const rates: { nact: number; layer: number }[] = []
    for (let n = 0; n < 3; n++) rates.push({ nact: await throughNact(), layer: await throughLayer() })
    for (const { nact, layer } of rates)
      console.log(
        `tell: nact ${Math.round(nact / 1_000)}k/s, layer ${Math.round(layer / 1_000)}k/s, ${(layer / nact).toFixed(1)}x`,
      )
    expect(rates.length).toBe(3)
  })
})
