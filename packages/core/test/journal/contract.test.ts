import { describe, it } from 'vitest'
import { openJournal } from '../../src/journal/index.js'
import { journalContract } from '../../src/testing/contracts/journal.js'
import { Bench, inPlace } from './bench.js'

const settings = [
  { name: 'one segment', options: {} },
  { name: 'a segment for each group, and no cache', options: { segmentBytes: 1, cacheBytes: 0 } },
]

describe.each(settings)('the journal contract on the simulated disk: $name', ({ options }) => {
  const cases = journalContract(() => {
    const bench = new Bench()
    return {
      open: (base) => openJournal(bench.folder, { ...options, ...(base && { base }) }),
      settle: () => bench.settle(),
      crash: () => bench.crash(),
      powerOff: () => bench.powerOff(),
    }
  })
  it.each(cases)('$name', ({ run }) => run())
})

describe.each(settings)('the journal contract on a disk that syncs in place: $name', ({ options }) => {
  const cases = journalContract(() => {
    const bench = new Bench()
    return {
      open: (base) => openJournal(inPlace(bench.folder), { ...options, ...(base && { base }) }),
      settle: () => undefined,
    }
  })
  it.each(cases)('$name', ({ run }) => run())
})
