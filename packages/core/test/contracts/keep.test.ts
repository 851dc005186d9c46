import { afterEach, describe, expect, it } from 'vitest'
import { type NactEngine, nactEngine } from '../../src/actor/index.js'
import { engineContract, hostContract, timersPassage } from '../../src/testing/index.js'
import { twoSimulatedHosts } from './office.js'

describe('the simulated host keeps the contract of a host', () => {
  // It can do all that the cases need: none is left out.
  it.each(hostContract(() => twoSimulatedHosts()))('$name', ({ run }) => run(() => expect.unreachable()))
})

describe('the engine of production keeps the contract of an engine', () => {
  const engines: NactEngine[] = []
  afterEach(() => {
    for (const engine of engines.splice(0)) engine.stop()
  })
  const real = timersPassage({
    set: (ms, fire) => {
      const timer = setTimeout(fire, ms)
      return { cancel: () => clearTimeout(timer) }
    },
  })
  const cases = engineContract(() => {
    const engine = nactEngine('contract')
    engines.push(engine)
    return { engine, ...real }
  })
  it.each(cases)('$name', ({ run }) => run())
})
