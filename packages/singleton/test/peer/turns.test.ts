import type { Engine } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { Turns } from '../../src/peer/turns.js'

/** Turns whose cells run in the order of their waking, and what happened. */
function stage() {
  const happened: string[] = []
  const ready: (() => void)[] = []
  const engine: Engine = {
    cell: (_name, turn) => {
      let waits = false
      let stopped = false
      const run = (): void => {
        waits = false
        if (!stopped) void turn()
      }
      const wake = (): void => {
        if (!waits) ready.push(run)
        waits = true
      }
      return { wake, stop: () => void (stopped = true) }
    },
  }
  const turns = new Turns(engine, 'test', {
    flush: () => void happened.push('flush'),
    failed: (error) => void happened.push(String(error)),
  })
  const disk = engine.cell('disk', () => {
    happened.push('sync')
    turns.enqueueCalm(() => void happened.push('answer'))
  })
  const note = (text: string) => (): void => void happened.push(text)
  /** As a follower does with what it gets: it writes, and learns what is committed. */
  const receive = (name: string) => (): void => {
    disk.wake()
    turns.patientUpcall(note(`apply ${name}`))
    turns.drain()
  }
  const run = (): string[] => {
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) next()
    return happened
  }
  return { turns, note, receive, run }
}

function plainStage() {
  const done: string[] = []
  let turn = (): void => {}
  const engine = {
    cell: (name: string, run: () => void) => {
      if (name === 'x') turn = run
      return { wake: () => {}, stop: () => {} }
    },
  }
  const turns = new Turns(engine, 'x', { flush: () => void done.push('flush'), failed: () => {} })
  return { done, turns, turn: () => turn() }
}

describe('patient upcalls', () => {
  it('come after the disk and the answer that others wait for', () => {
    const { turns, receive, run } = stage()
    turns.enqueueCalm(receive('a'))
    expect(run()).toEqual(['flush', 'sync', 'answer', 'flush', 'apply a', 'flush'])
  })

  it('come before an input that may look at what they do', () => {
    const { turns, note, receive, run } = stage()
    turns.enqueueCalm(receive('a'))
    turns.enqueueCalm(receive('b'))
    turns.enqueue(note('look'))
    expect(run().slice(0, 4)).toEqual(['apply a', 'apply b', 'look', 'flush'])
  })

  it('keep their place before an upcall that does not wait', () => {
    const { turns, note, receive, run } = stage()
    turns.enqueueCalm(receive('a'))
    turns.enqueueCalm(() => {
      turns.upcall(note('view'))
      turns.drain()
    })
    expect(run().slice(0, 3)).toEqual(['apply a', 'view', 'flush'])
  })

  it('are not run once the peer has stopped', () => {
    const { turns, receive, run } = stage()
    turns.enqueueCalm(receive('a'))
    turns.enqueueCalm(() => turns.stop())
    expect(run()).not.toContain('apply a')
  })
})

describe('what is said soon', () => {
  it('in an upcall happens before the turn is flushed, behind the upcalls that there were', () => {
    const { done, turns, turn } = plainStage()
    turns.enqueue(() => {
      turns.upcall(() => turns.soon(() => void done.push('soon')))
      turns.upcall(() => void done.push('upcall'))
      turns.drain()
    })
    turn()
    expect(done).toEqual(['upcall', 'soon', 'flush'])
  })

  it('in an input happens behind the inputs that there were, before the turn is flushed', () => {
    const { done, turns, turn } = plainStage()
    turns.enqueue(() => turns.soon(() => void done.push('soon')))
    turns.enqueue(() => void done.push('input'))
    turn()
    expect(done).toEqual(['input', 'soon', 'flush'])
  })

  it('lets a turn end that says more and more', () => {
    const { done, turns, turn } = plainStage()
    let said = 0
    const again = (): void => {
      said += 1
      turns.soon(again)
    }
    turns.enqueue(again)
    turn()
    expect(done.length).toBeLessThan(10)
    expect(said).toBeGreaterThan(1)
    const before = said
    turn()
    expect(said).toBeGreaterThan(before)
  })

  it('elsewhere is an input of its own', () => {
    const { done, turns, turn } = plainStage()
    turns.soon(() => void done.push('soon'))
    turn()
    expect(done).toEqual(['soon', 'flush'])
  })
})
