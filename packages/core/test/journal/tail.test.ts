import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/journal/crc32.js'
import { JournalError, openJournal, type Journal } from '../../src/journal/index.js'
import { Bench, entries, logLines, picture } from './bench.js'

const SEGMENT = 'data/journal-0000000000000001.seg'

/** Two groups, 1-3 and 4-6, closed and durable. */
function twoGroups(bench: Bench): Uint8Array {
  const journal = openJournal(bench.folder)
  journal.append(entries(1, 3, 1), () => undefined)
  bench.settle()
  journal.append(entries(4, 6, 1), () => undefined)
  bench.settle()
  journal.close(() => undefined)
  return bench.disk.content(SEGMENT)
}

function lay(content: Uint8Array): Bench {
  const bench = new Bench()
  const file = bench.folder.open('journal-0000000000000001.seg', 'create')
  file.write(0, content)
  file.close()
  return bench
}

function all(journal: Journal): string {
  return picture(journal.read(journal.firstIndex, Infinity))
}

const RECORD = 25 + 12
const GROUP_1 = 24
const GROUP_2 = GROUP_1 + 3 * RECORD

describe('a torn tail', () => {
  it('is cut at every byte offset, keeps every whole entry, and takes new entries', () => {
    const content = twoGroups(new Bench())
    for (let size = 0; size <= content.length; size++) {
      for (const zeros of [0, 100]) {
        const torn = new Uint8Array(size + zeros)
        torn.set(content.subarray(0, size))
        const bench = lay(torn)
        const log = logLines()
        const journal = openJournal(bench.folder, { log })
        const whole = Math.max(0, Math.floor((size - GROUP_1) / RECORD))
        expect(journal.lastIndex).toBe(whole)
        const dirty = zeros > 0 || (size < GROUP_1 ? size > 0 : (size - GROUP_1) % RECORD !== 0)
        expect(log.lines).toEqual(dirty ? ['warn journal-torn-tail'] : [])
        journal.append(entries(whole + 1, whole + 2, 2), () => undefined)
        bench.settle()
        bench.powerOff()
        expect(all(openJournal(bench.folder))).toBe(
          picture([...entries(1, whole, 1), ...entries(whole + 1, whole + 2, 2)]),
        )
      }
    }
  })

  it('is cut when sectors of one group reached the disk out of order', () => {
    const content = twoGroups(new Bench())
    // The middle record of the last group is missing, the one behind it is whole.
    content.fill(0, GROUP_2 + RECORD, GROUP_2 + 2 * RECORD)
    const bench = lay(content)
    expect(all(openJournal(bench.folder))).toBe(picture(entries(1, 4, 1)))
  })

  it('is cut on the disk before anything is written behind it', () => {
    const content = twoGroups(new Bench())
    const bench = lay(content.subarray(0, content.length - 1))
    const journal = openJournal(bench.folder)
    journal.append(entries(6, 6, 2), () => undefined)
    expect(bench.disk.content(SEGMENT).length).toBe(GROUP_2 + 2 * RECORD)
    expect(all(journal)).toBe(picture([...entries(1, 5, 1), ...entries(6, 6, 2)]))
  })
})

function failureOf(run: () => unknown): JournalError {
  try {
    run()
  } catch (error) {
    if (error instanceof JournalError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('damage to something durable', () => {
  function refused(bench: Bench): JournalError {
    const before = bench.disk.files().map((f) => bench.disk.content(f))
    const error = failureOf(() => openJournal(bench.folder))
    expect(bench.disk.files().map((f) => bench.disk.content(f))).toEqual(before)
    return error
  }

  it('at any byte of a group with a later group behind it is refused, and the disk stays as it is', () => {
    const content = twoGroups(new Bench())
    for (let at = 0; at < GROUP_2; at++) {
      const rotten = content.slice()
      rotten[at] = rotten[at]! ^ 0x40
      const error = refused(lay(rotten))
      expect(error.code).toBe('damaged')
      const record = at < GROUP_1 ? 0 : GROUP_1 + Math.floor((at - GROUP_1) / RECORD) * RECORD
      expect(error.message).toContain(`${SEGMENT} is damaged at byte ${record}`)
    }
  })

  it('in a sealed segment is refused: a flipped bit, a lost end, a lost file', () => {
    const make = (): Bench => {
      const bench = new Bench()
      const journal = openJournal(bench.folder, { segmentBytes: 1 })
      for (let i = 1; i <= 3; i++) {
        journal.append(entries(i * 2 - 1, i * 2, i), () => undefined)
        bench.settle()
      }
      journal.close(() => undefined)
      return bench
    }
    const middle = 'journal-0000000000000003.seg'
    const flipped = make()
    flipped.disk.rot(`data/${middle}`, GROUP_1 + RECORD + 30)
    expect(refused(flipped).code).toBe('damaged')
    const shortened = make()
    shortened.folder.open(middle, 'existing').truncate(GROUP_1 + RECORD)
    expect(refused(shortened).code).toBe('damaged')
    const lost = make()
    lost.folder.remove(middle)
    expect(refused(lost).code).toBe('damaged')
    expect(openJournal(make().folder).lastIndex).toBe(6)
  })

  it('that comes after opening is found when the entry is read', () => {
    const bench = new Bench()
    const journal = openJournal(bench.folder, { cacheBytes: 0 })
    journal.append(entries(1, 3, 1), () => undefined)
    bench.settle()
    bench.disk.rot(SEGMENT, GROUP_1 + RECORD + 28)
    expect(picture(journal.read(1, 1))).toBe(picture(entries(1, 1, 1)))
    expect(() => journal.read(2, 1)).toThrowError(expect.objectContaining({ code: 'damaged' }))
  })

  it('is not suspected where a payload contains a copy of the journal', () => {
    const content = twoGroups(new Bench())
    const bench = new Bench()
    const journal = openJournal(bench.folder)
    journal.append([{ index: 1, term: 1, kind: 0, payload: content }], () => undefined)
    bench.settle()
    bench.disk.rot(SEGMENT, 30)
    bench.crash()
    expect(openJournal(bench.folder).lastIndex).toBe(0)
  })
})

describe('a failing disk', () => {
  it('ends the journal at the first failed sync: every waiting and later done hears of it', () => {
    const bench = new Bench()
    const journal = openJournal(bench.folder)
    bench.settle()
    const heard: string[] = []
    bench.disk.failNextSync()
    journal.append(entries(1, 2, 1), (e) => heard.push(`a ${e?.code}`))
    journal.append(entries(3, 3, 1), (e) => {
      heard.push(`b ${e?.code}`)
      journal.append(entries(5, 5, 1), (error) => heard.push(`d ${error?.code}`))
    })
    journal.append(entries(4, 4, 1), (e) => heard.push(`c ${e?.code}`))
    bench.settle()
    journal.close((e) => heard.push(`close ${e?.code}`))
    bench.settle()
    expect(heard).toEqual(['a disk', 'b disk', 'c disk', 'd disk', 'close disk'])
    expect(journal.durableIndex).toBe(0)
  })

  it('that is full ends the journal with advice, and what was durable is there after the next start', () => {
    const bench = new Bench()
    const journal = openJournal(bench.folder)
    journal.append(entries(1, 2, 1), () => undefined)
    bench.settle()
    bench.disk.full = true
    let text = ''
    journal.append(entries(3, 9, 1), (error) => (text = String(error?.message)))
    bench.settle()
    expect(text).toContain('make room')
    bench.disk.full = false
    bench.crash()
    const again = openJournal(bench.folder)
    expect(again.lastIndex).toBeGreaterThanOrEqual(2)
    expect(all(again)).toBe(picture(entries(1, again.lastIndex, 1)))
  })
})

it('a journal of another version is refused as such, and left alone', () => {
  const content = twoGroups(new Bench())
  const view = new DataView(content.buffer)
  view.setUint32(8, 2, true)
  view.setUint32(0, crc32(content, 4, GROUP_1), true)
  const bench = lay(content)
  expect(() => openJournal(bench.folder)).toThrowError(expect.objectContaining({ code: 'format' }))
  expect(bench.disk.content(SEGMENT)).toEqual(content)
})
