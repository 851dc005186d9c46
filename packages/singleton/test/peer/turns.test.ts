import { describe, expect, it } from 'vitest'
import { Turns } from '../../src/peer/turns.js'

function stage() {
  const done: string[] = []
  let turn = (): void => {}
  const engine = {
    cell: (_: string, run: () => void) => {
      turn = run
      return { wake: () => {}, stop: () => {} }
    },
  }
  const turns = new Turns(engine, 'x', { flush: () => void done.push('flush'), failed: () => {} })
  return { done, turns, turn: () => turn() }
}

describe('what is said soon', () => {
  it('in an upcall happens before the turn is flushed, behind the upcalls that there were', () => {
    const { done, turns, turn } = stage()
    turns.enqueue(() => {
      turns.upcall(() => turns.soon(() => void done.push('soon')))
      turns.upcall(() => void done.push('upcall'))
      turns.drain()
    })
    turn()
    expect(done).toEqual(['upcall', 'soon', 'flush'])
  })

  it('elsewhere is an input of its own', () => {
    const { done, turns, turn } = stage()
    turns.enqueue(() => turns.soon(() => void done.push('soon')))
    turn()
    expect(done).toEqual(['flush', 'soon', 'flush'])
  })
})
