import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/journal/crc32.js'
import { JournalError, openJournal, type Journal } from '../../src/journal/index.js'
import { Bench, entries, logLines, picture, watched } from './bench.js'

const SEGMENT = 'data/journal-0000000000000001.seg'

/** Two groups, 1-3 and 4-6, closed and durable, without what was prepared behind them. */
function twoGroups(bench: Bench): Uint8Array {
  const journal = openJournal(bench.folder)
  journal.append(entries(1, 3, 1), () => undefined)
  bench.settle()
  journal.append(entries(4, 6, 1), () => undefined)
  bench.settle()
  journal.close(() => undefined)
  return bench.disk.content(SEGMENT).slice(0, GROUP_2 + 3 * RECORD)
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
        // A header ends with zeros of its own.
        const header = torn.length >= GROUP_1 && torn.subarray(0, GROUP_1).every((b, i) => b === content[i])
        const tail = torn.subarray(GROUP_1 + whole * RECORD)
        const dirty = header ? tail.some((byte) => byte !== 0) : torn.length > 0
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

describe('space that was prepared', () => {
  /** A durable group of 1-3 in prepared space, and where it ends. */
  function prepared(): { bench: Bench; end: number } {
    const bench = new Bench()
    const journal = openJournal(bench.folder)
    journal.append(entries(1, 3, 1, 2_000), () => undefined)
    bench.settle()
    bench.crash()
    return { bench, end: GROUP_1 + 3 * 2_025 }
  }

  it('is no torn tail: it stays, and the next group goes there', () => {
    const { bench, end } = prepared()
    const { length } = bench.disk.content(SEGMENT)
    expect(length).toBeGreaterThan(end + 2_000)
    const log = logLines()
    const acts: string[] = []
    const journal = openJournal(
      watched(bench.folder, (act) => acts.push(act)),
      { log },
    )
    journal.append(entries(4, 4, 1, 1_000), () => undefined)
    bench.settle()
    expect(log.lines).toEqual([])
    expect(acts).toEqual(['open', 'sync', 'sync-folder', 'write', 'sync'])
    expect(bench.disk.content(SEGMENT).length).toBe(length)
  })

  it('may hold any sectors of a group at a power cut: its whole entries stay, and nothing of the rest', () => {
    const { bench, end } = prepared()
    const content = bench.disk.content(SEGMENT)
    const journal = openJournal(bench.folder)
    journal.append(entries(4, 8, 1, 700), () => undefined)
    bench.settle()
    const written = bench.disk.content(SEGMENT)
    const from = Math.floor(end / 512)
    const sectors = Math.ceil((end + 5 * 725) / 512) - from
    expect([written.length, sectors]).toEqual([content.length, 8])
    for (let kept = 0; kept < 2 ** sectors; kept++) {
      const torn = content.slice()
      for (let i = 0; i < sectors; i++) {
        const at = (from + i) * 512
        if ((kept >> i) & 1) torn.set(written.subarray(at, at + 512), at)
      }
      let whole = 3
      const same = (at: number, to: number): boolean =>
        torn.subarray(at, to).every((b, i) => b === written[at + i])
      while (whole < 8 && same(end + (whole - 3) * 725, end + (whole - 2) * 725)) whole++
      const size = end + (whole - 3) * 725
      const again = lay(torn)
      const log = logLines()
      const found = openJournal(again.folder, { log })
      expect(found.lastIndex).toBe(whole)
      const dirty = torn.subarray(size).some((byte) => byte !== 0)
      expect(log.lines).toEqual(dirty ? ['warn journal-torn-tail'] : [])
      found.append(entries(whole + 1, whole + 1, 2), () => undefined)
      again.settle()
      const behind = again.disk.content(SEGMENT).subarray(size + RECORD)
      expect(behind.every((byte) => byte === 0)).toBe(true)
    }
  })

  it('hides no damage: zeros in place of a group with a later group behind them are refused', () => {
    const { bench, end } = prepared()
    const journal = openJournal(bench.folder)
    journal.append(entries(4, 4, 1), () => undefined)
    bench.settle()
    journal.append(entries(5, 5, 1), () => undefined)
    bench.settle()
    const content = bench.disk.content(SEGMENT)
    content.fill(0, end, end + RECORD)
    expect(failureOf(() => openJournal(lay(content).folder)).message).toContain(`is damaged at byte ${end}`)
  })

  it('never brings back what a truncation took', () => {
    const { bench } = prepared()
    const journal = openJournal(bench.folder)
    journal.truncateFrom(2)
    journal.append(entries(2, 2, 2), () => undefined)
    bench.settle()
    const behind = bench.disk.content(SEGMENT).subarray(GROUP_1 + 2_025 + RECORD)
    expect([behind.length > 0, behind.every((byte) => byte === 0)]).toEqual([true, true])
    bench.powerOff()
    expect(all(openJournal(bench.folder))).toBe(picture([...entries(1, 1, 1), ...entries(2, 2, 2)]))
  })

  it('is not copied when the last segment is written anew', () => {
    const { bench, end } = prepared()
    const acts: string[] = []
    const journal = openJournal(
      watched(bench.folder, (act) => acts.push(act)),
      { rewrite: true },
    )
    bench.settle()
    expect(bench.disk.content(SEGMENT).length).toBe(end)
    acts.length = 0
    journal.append(entries(4, 4, 1), () => undefined)
    expect(acts).toEqual(['prepare', 'write', 'sync'])
  })

  it('may be left in a sealed segment, when segments became smaller', () => {
    const { bench } = prepared()
    const log = logLines()
    const journal = openJournal(bench.folder, { segmentBytes: 1_000 })
    journal.append(entries(4, 5, 1), () => undefined)
    bench.settle()
    bench.crash()
    expect(bench.disk.files().length).toBe(2)
    expect(all(openJournal(bench.folder, { log }))).toBe(picture(entries(1, 5, 1)))
    expect(log.lines).toEqual([])
  })

  it('takes entries on a full disk, as far as it goes, and none is acknowledged that did not fit', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bench = new Bench(seed)
      let journal = openJournal(bench.folder)
      let acknowledged = 0
      const append = (): void =>
        journal.append(entries(journal.lastIndex + 1, journal.lastIndex + 1, 1, 300), (error) => {
          if (error === undefined) acknowledged++
        })
      append()
      bench.settle()
      bench.disk.full = true
      for (let i = 0; i < 30; i++) {
        append()
        bench.settle()
      }
      // A block: the first group was given the rest of it.
      expect(acknowledged).toBe(Math.floor((4_096 - GROUP_1) / 325))
      bench.powerOff()
      bench.disk.full = false
      journal = openJournal(bench.folder)
      expect(all(journal)).toBe(picture(entries(1, journal.lastIndex, 1)))
      expect(journal.lastIndex).toBeGreaterThanOrEqual(acknowledged)
    }
  })
})

it('a journal without prepared space, as files were before there was any, opens and goes on', () => {
  const bench = lay(
    Buffer.from(
      'LRLr91RBTkoBAAAAAQAAAAAAAAAAAAAA/uXmsgwAAAABAAAAAAABAAAAAAABAAAAACYnKCkqKywtLi8wMWbQPTkMAAAAAgAAAAAAAQAAAAAAAiUA' +
        'AABFRkdISUpLTE1OT1Cbn9NYDAAAAAMAAAAAAAIAAAAAAAMAAAAAa2xtbm9wcXJzdHV2',
      'base64',
    ),
  )
  const log = logLines()
  const journal = openJournal(bench.folder, { log })
  journal.append(entries(4, 5, 2), () => undefined)
  bench.settle()
  bench.powerOff()
  const kept = picture([...entries(1, 2, 1), ...entries(3, 5, 2)])
  expect(all(openJournal(bench.folder, { log }))).toBe(kept)
  expect(log.lines).toEqual([])
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
    journal.append(entries(3, 9, 1, 1_000), (error) => (text = String(error?.message)))
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
