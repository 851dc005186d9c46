import { expect, it } from 'vitest'
import { decodeEntry } from '../../src/role/index.js'
import type { CommittedEntry, History } from '../../src/testing/history/index.js'
import { dueFindings } from '../../src/testing/laws/due.js'
import { alarms, ask, dueCall, Leader } from '../role/side-roles.js'

/** A journal in which one alarm ran, went, came back and ran again. */
function history(): History {
  const leader = new Leader([alarms])
  const one = { id: 's', at: 10, how: 'stays' }
  leader.do(ask('alarms', 'add', one))
  const request = dueCall(leader.host.due('alarms')[0]!)
  leader.do(request)
  leader.do(ask('alarms', 'remove', { id: 's' }))
  leader.do(ask('alarms', 'add', one))
  leader.do(request)
  const journal = leader.journal.map((record) => {
    const command = decodeEntry(record.payload)
    return { ...record, kind: 'command', command, node: 'ann', atMs: 0 }
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no more of a history is looked at
  return { journal, witness: () => [alarms] } as unknown as History
}

const event = ({ node, atMs, index }: CommittedEntry): { node: string; atMs: number; text: string } => ({
  node,
  atMs,
  text: `${index}`,
})

/** The entry behind `index` once more. */
function twice(index: number, at: number): History {
  const { journal, witness } = history()
  const copy = journal.toSpliced(at, 0, journal[index - 1]!).map((entry, i) => ({ ...entry, index: i + 1 }))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
  return { journal: copy, witness } as unknown as History
}

it('a due command may run at each appearance of its item, and no more', () => {
  expect(dueFindings(history(), event)).toEqual({ exercised: 2, contradictions: [] })
  expect(dueFindings(twice(2, 2), event).contradictions).toMatchObject([
    { text: expect.stringMatching(/took effect twice in one appearance, at positions 2 and 3/) as string },
  ])
  expect(dueFindings(twice(2, 3), event).contradictions).toMatchObject([
    { text: expect.stringMatching(/at position 4, where its role does not derive it/) as string },
  ])
})
