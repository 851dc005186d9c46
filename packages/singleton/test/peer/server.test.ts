import { describe, expect, it } from 'vitest'
import { createRoleHost, persist, role } from '../../src/role/index.js'
import type { CallMessage } from '../../src/role/index.js'
import { EntryKind } from '../../src/succession/index.js'
import { Server } from '../../src/peer/server.js'

const counter = role('counter', {
  state: () => ({ n: 0 }),
  events: { added: (s, e: { by: number }) => ({ n: s.n + e.by }) },
  commands: {
    add: (s, c: { by: number }, on) => {
      if (s.n === 0 && c.by > 1) throw new Error('too early')
      return persist(on.added(c)).reply((next) => next.n)
    },
  },
})

/** A server whose journal is a list; nothing is committed before `commit`. */
function stage({ isSuspect = false, isWarned = false } = {}) {
  const entries: { index: number; term: number; kind: number; payload: Uint8Array }[] = []
  const answers: string[] = []
  const server = new Server(createRoleHost([counter]), {
    alone: { isWarned, isSuspect: () => isSuspect, isPoison: () => false, begin: () => {}, settle: () => {} },
    now: () => ({ monotonicMs: 0, wallMs: 1 }),
    send: (_to, message) => void answers.push(message.t),
    next: () => ({ term: 2, index: entries.length + 1, branch: 'b' }),
    propose: (payload) =>
      void entries.push({ index: entries.length + 1, term: 2, kind: EntryKind.command, payload }),
    confirm: (done) => done(0),
    self: 'server',
    applied: () => {},
  })
  const call = (seq: number, by = 1): void => {
    const message: CallMessage = {
      t: 'call',
      session: 'ann',
      seq,
      floor: 0,
      attempt: 1,
      role: 'counter',
      command: 'add',
      input: { v: { by } },
    }
    server.call('ann', message)
  }
  return { server, entries, answers, call }
}

describe('a reign that begins', () => {
  it('journals commands at once, and answers what needs proof of leading only when it serves', () => {
    const { server, entries, answers, call } = stage()
    call(1)
    server.lead([])
    call(1)
    call(2)
    call(1)
    expect(entries).toHaveLength(2)
    expect(answers).toEqual(['retry'])
    server.committed(entries)
    const held = answers.length
    server.serve(() => [])
    expect(answers.slice(held)).toEqual(['result'])
  })

  it('journals what may have killed the last server at once, too: its voters told it what they know', () => {
    const { server, entries, call } = stage({ isSuspect: true })
    server.lead([])
    call(1)
    expect(entries).toHaveLength(1)
  })

  it('waits with it until it serves where deciding has ended a server before', () => {
    const { server, entries, call } = stage({ isSuspect: true, isWarned: true })
    server.lead([])
    call(1)
    expect(entries).toHaveLength(0)
    server.serve(() => [])
    expect(entries).toHaveLength(1)
  })

  it('decides nothing before what failed, which it decides anew when it serves', () => {
    const { server, entries, answers, call } = stage()
    server.lead([])
    call(1, 2)
    call(2, 1)
    expect(entries).toHaveLength(0)
    server.serve(() => [])
    expect(answers).toEqual(['failed'])
    expect(entries).toHaveLength(1)
  })
})

describe('a server that hands over', () => {
  const next = { memberId: 'b', incarnation: 1, term: 3 }

  it('tells its callers who is next, once, and refuses what comes later', () => {
    const { server, answers, call } = stage()
    server.lead([])
    server.serve(() => [])
    call(1)
    server.suspend()
    call(2)
    expect(answers).toEqual([])
    server.handOver(next)
    expect(answers).toEqual(['next', 'retry'])
    call(3)
    expect(answers).toEqual(['next', 'retry', 'retry'])
  })

  it('whose successor does not come goes on with what it is asked then', () => {
    const { server, entries, call } = stage()
    server.lead([])
    server.serve(() => [])
    server.suspend()
    server.handOver(next)
    server.serve(() => [])
    call(1)
    expect(entries).toHaveLength(1)
  })

  it('has its successor hold calls until it leads, or until it knows that another does', () => {
    const { server, entries, answers, call } = stage()
    server.stand()
    call(1)
    expect([entries.length, answers.length]).toEqual([0, 0])
    server.lead([])
    expect(entries).toHaveLength(1)
    const other = stage()
    other.server.stand()
    other.call(1)
    other.server.resign()
    expect(other.answers).toEqual(['retry'])
  })
})
