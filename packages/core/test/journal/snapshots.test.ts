import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError } from '../../src/host/index.js'
import { openSnapshots, type SnapshotId, type Snapshots } from '../../src/journal/index.js'
import { type SnapshotsSubject, snapshotsContract } from '../../src/testing/index.js'
import { Bench, inPlace, logLines, watched } from './bench.js'

function subjectOn(bench: Bench, wrap: (snapshots: Snapshots) => Snapshots): SnapshotsSubject {
  return {
    open: () => wrap(openSnapshots(bench.folder)),
    settle: () => bench.settle(),
    crash: () => bench.crash(),
    powerOff: () => bench.powerOff(),
    damage: ({ index, bytes }) => bench.disk.rot(fileOf(index), bytes >> 1),
    fill: () => (bench.disk.full = true),
  }
}

const fileOf = (index: number): string => `data/snapshot-${String(index).padStart(16, '0')}.snap`

describe('the contract of snapshots on the simulated disk', () => {
  const cases = snapshotsContract(() => subjectOn(new Bench(), (snapshots) => snapshots))
  it.each(cases)('$name', ({ run }) => run())
})

describe('the contract of snapshots on a disk that syncs in place', () => {
  const cases = snapshotsContract(() => {
    const bench = new Bench()
    return { open: () => openSnapshots(inPlace(bench.folder)), settle: () => undefined }
  })
  it.each(cases)('$name', ({ run }) => run())
})

const changed = (inner: Snapshots, changes: Partial<Snapshots>): Snapshots => ({
  get whole() {
    return changes.whole ?? inner.whole
  },
  get partial() {
    return changes.partial === undefined ? inner.partial : changes.partial
  },
  read: (id, offset, length) => (changes.read ?? inner.read.bind(inner))(id, offset, length),
  begin: (index, term) => (changes.begin ?? inner.begin.bind(inner))(index, term),
  receive: (id, offset, bytes) => (changes.receive ?? inner.receive.bind(inner))(id, offset, bytes),
  complete: (done) => (changes.complete ?? inner.complete.bind(inner))(done),
  remove: (index) => (changes.remove ?? inner.remove.bind(inner))(index),
  close: () => inner.close(),
})

const mistakes: readonly (readonly [string, (inner: Snapshots) => Partial<Snapshots>, RegExp])[] = [
  [
    'says that it is whole before it is durable',
    (inner) => ({
      begin: (index, term) => {
        const writer = inner.begin(index, term)
        let [bytes, checksum] = [0, 0]
        return {
          write: (part) => (writer.write(part), (bytes += part.length), (checksum += 1)),
          abort: () => writer.abort(),
          finish: (done) => {
            writer.finish(() => undefined)
            done(undefined, { index, term, bytes, checksum })
          },
        }
      },
    }),
    /listed when done comes, not before/,
  ],
  [
    'reads more than there is',
    (inner) => ({
      read: (id, offset, length) => {
        const out = new Uint8Array(length)
        out.set(inner.read(id, offset, length))
        return out
      },
    }),
    /read from any offset/,
  ],
  [
    'hides damage',
    (inner) => ({
      read: (id, offset, length) => {
        try {
          return inner.read(id, offset, length)
        } catch {
          return new Uint8Array(length)
        }
      },
    }),
    /found by the read/,
  ],
  [
    'takes a chunk for the next one, wherever it belongs',
    (inner) => ({ receive: (id, _, bytes) => inner.receive(id, inner.partial?.received ?? 0, bytes) }),
    /again or too early/,
  ],
  ['forgets what was received', () => ({ partial: null }), /whatever chunks/],
  ['keeps what should be removed', () => ({ remove: () => undefined }), /one that is removed is gone/],
  [
    'does not look at the checksum',
    (inner) => ({ complete: (done) => inner.complete(() => done()) }),
    /wrong is refused/,
  ],
]

describe('the contract of snapshots rejects a store that', () => {
  const broken = async (change: (inner: Snapshots) => Partial<Snapshots>): Promise<string> => {
    const found: string[] = []
    const wrap = (inner: Snapshots): Snapshots => changed(inner, change(inner))
    for (const { name, run } of snapshotsContract(() => subjectOn(new Bench(), wrap))) {
      await run().catch(() => found.push(name))
    }
    return found.join('\n')
  }
  it.each(mistakes)('%s', async (_, change, caught) => {
    expect(await broken(change)).toMatch(caught)
  })
  it('and nothing of one that makes no mistake', async () => {
    expect(await broken(() => ({}))).toBe('')
  })
})

const content = (size: number, seed: number): Uint8Array =>
  new Uint8Array(size).map((_, i) => (i * 7 + (i >> 8) + seed) & 255)

function write(snapshots: Snapshots, index: number, bytes: Uint8Array, done: (id: SnapshotId) => void): void {
  const writer = snapshots.begin(index, 1)
  for (let at = 0; at < bytes.length; at += 50_000) writer.write(bytes.subarray(at, at + 50_000))
  writer.finish((_, id) => id && done(id))
}

describe('wherever the power fails', () => {
  it('while one is written or received over an older one, each is whole or not there, and a listed one stays', () => {
    const old = content(70_000, 1)
    const fresh = content(150_000, 2)
    const run = (cutAt: number, seed: number, received: boolean): boolean => {
      const bench = new Bench(seed)
      let left = Infinity
      const folder = watched(bench.folder, () => {
        if (left-- > 0) return
        bench.powerOff()
        throw new DiskError('failed', 'power')
      })
      const listed: SnapshotId[] = []
      const snapshots = openSnapshots(folder)
      write(snapshots, 5, old, (id) => listed.push(id))
      write(snapshots, 9, fresh, (id) => listed.push(id))
      bench.settle()
      const sent = listed.pop()!
      snapshots.remove(9)
      left = cutAt
      try {
        if (received) {
          for (let at = 0; at < 150_000; at += 40_000) {
            snapshots.receive({ ...sent, index: 8 }, at, fresh.subarray(at, at + 40_000))
            bench.step()
          }
          snapshots.complete((error) => error === undefined && listed.push({ ...sent, index: 8 }))
        } else {
          write(snapshots, 8, fresh, (id) => listed.push(id))
        }
        bench.settle()
      } catch (error) {
        expect(String(error)).toContain('power')
      }
      const cut = left < 0
      if (!cut) bench.powerOff()
      const again = openSnapshots(bench.folder)
      for (const id of listed) expect(again.whole).toContainEqual(id)
      for (const id of again.whole) {
        const whole = again.read(id, 0, 200_000)
        expect(Buffer.compare(whole, id.index === 5 ? old : fresh), `the bytes of ${id.index}`).toBe(0)
      }
      const { partial } = again
      if (partial) expect(again.receive(partial.id, 0, fresh)).toBe(partial.received || fresh.length)
      return cut
    }
    for (const received of [false, true]) {
      let acts = 0
      while (run(acts, 0, received)) acts++
      expect(acts).toBeGreaterThan(7)
      for (let seed = 1; seed <= 8; seed++)
        for (let cutAt = 0; cutAt <= acts; cutAt++) run(cutAt, seed, received)
    }
  })
})

describe('a damaged snapshot', () => {
  it('is noticed wherever the bit is, noted in the log, and removed once a newer one is there', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999999, noNaN: true }), (share) => {
        const bench = new Bench()
        const snapshots = openSnapshots(bench.folder)
        write(snapshots, 5, content(70_000, 1), () => undefined)
        bench.settle()
        snapshots.close()
        bench.disk.rot(fileOf(5), Math.floor(share * bench.disk.content(fileOf(5)).length))
        const log = logLines()
        const again = openSnapshots(bench.folder, { log })
        expect(again.whole).toEqual([])
        expect(log.lines).toEqual(['error snapshot-damaged'])
        expect(bench.disk.files()).toEqual([fileOf(5)])
        write(again, 6, content(10, 1), () => undefined)
        bench.settle()
        expect(bench.disk.files()).toEqual([fileOf(6)])
      }),
      { numRuns: 60 },
    )
  })
})

describe('a large snapshot', () => {
  it('is synced as it grows, so that no sync has much to do, and is not kept in memory', () => {
    const bench = new Bench()
    let unsynced = 0
    let most = 0
    const folder = watched(bench.folder, (act) => {
      if (act === 'write') most = Math.max(most, ++unsynced)
      if (act === 'sync') unsynced = 0
    })
    const snapshots = openSnapshots(folder)
    const writer = snapshots.begin(1, 1)
    const slice = content(65_536, 1)
    for (let i = 0; i < 320; i++) {
      writer.write(slice)
      bench.step()
    }
    writer.finish(() => undefined)
    bench.settle()
    expect(snapshots.whole[0]?.bytes).toBe(320 * 65_536)
    expect(most).toBeLessThanOrEqual(18)
  })

  it('that is left unfinished leaves no file behind after the next start', () => {
    const bench = new Bench()
    const snapshots = openSnapshots(bench.folder)
    snapshots.begin(1, 1).write(content(200_000, 1))
    expect(bench.disk.files().length).toBe(1)
    bench.crash()
    openSnapshots(bench.folder)
    expect(bench.disk.files()).toEqual([])
  })

  it('ends without done, and whole or not there, when it is closed half-way through its finish', () => {
    for (let steps = 0; steps < 4; steps++) {
      const bench = new Bench()
      const snapshots = openSnapshots(bench.folder)
      let told = 0
      const bytes = content(70_000, 1)
      write(snapshots, 5, bytes, () => told++)
      for (let i = 0; i < steps; i++) bench.step()
      const before = told
      snapshots.close()
      bench.settle()
      expect(told).toBe(before)
      expect(openSnapshots(bench.folder).whole.length).toBeGreaterThanOrEqual(told)
    }
  })
})
