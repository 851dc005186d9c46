import { JournalError, type SnapshotId, type Snapshots } from '../../journal/index.js'
import { check, contract, type ContractCase, type Draft, equal } from './case.js'

/** One store under test: a fresh, empty one for each case. */
export interface SnapshotsSubject {
  /** Opens the snapshots; after `close`, `crash` or `powerOff` again on the same storage. */
  open(): Snapshots
  /** Returns when every outstanding sync has ended and its callbacks ran. */
  settle(): void | Promise<void>
  /** Ends the process that has them open: what was written stays. Without it, the cases that need it are skipped. */
  crash?(): void
  /** Cuts the power: what was not synced may be lost. Without it, the cases that need it are skipped. */
  powerOff?(): void
  /** Flips a bit of the content of a whole one, while it is not open. Without it, the cases that need it are skipped. */
  damage?(id: SnapshotId): void
  /** Nothing can grow from now on. Without it, the cases that need it are skipped. */
  fill?(): void
  /** Called after its case, also after a failed one. */
  end?(): void | Promise<void>
}

/**
 * What every `Snapshots` must do, as named cases for any test runner. A case rejects with an error that says what
 * was expected.
 *
 * @example
 * for (const { name, run } of snapshotsContract(() => newSnapshots())) it(name, ({ skip }) => run(skip))
 */
export function snapshotsContract(create: () => SnapshotsSubject): ContractCase[] {
  return contract(create, [...writing, ...receiving, ...failing])
}

const BIG = 700_001

const writing: readonly Draft<SnapshotsSubject>[] = [
  {
    name: 'a new folder has none',
    run: async (subject) => {
      const snapshots = subject.open()
      equal([snapshots.whole, snapshots.partial], [[], null], 'whole and partial')
    },
  },
  {
    name: 'what was written in slices of any size is read from any offset, also after close and open',
    run: async (subject) => {
      const bytes = content(BIG, 1)
      const snapshots = subject.open()
      const id = await written(subject, snapshots, 7, 2, bytes, [1, 65_535, 65_536, 3, 300_000, 10_000_000])
      equal([id.index, id.term, id.bytes], [7, 2, BIG], 'index, term and length')
      reads(snapshots, id, bytes)
      snapshots.close()
      await subject.settle()
      const again = subject.open()
      equal(again.whole, [id], 'whole after open')
      reads(again, id, bytes)
    },
  },
  {
    name: 'an empty one is one',
    run: async (subject) => {
      const snapshots = subject.open()
      const id = await written(subject, snapshots, 3, 1, content(0, 1), [])
      equal(id.bytes, 0, 'length')
      equal(snapshots.read(id, 0, 10).length, 0, 'bytes read')
      snapshots.close()
      equal(subject.open().whole, [id], 'whole after open')
    },
  },
  {
    name: 'equal bytes have equal ids, wherever they were written',
    run: async (subject) => {
      const snapshots = subject.open()
      const one = await written(subject, snapshots, 5, 1, content(100_000, 1), [70_000])
      snapshots.remove(5)
      const two = await written(subject, snapshots, 5, 1, content(100_000, 1), [1, 2, 3])
      const other = await written(subject, snapshots, 6, 1, content(100_000, 2), [70_000])
      equal(one, two, 'the id of equal bytes')
      check(one.checksum !== other.checksum, 'other bytes have another checksum')
    },
  },
  {
    name: 'it is listed when done comes, not before, and then survives',
    needs: ['powerOff'],
    run: async (subject) => {
      const snapshots = subject.open()
      const bytes = content(200_000, 1)
      const writer = snapshots.begin(9, 4)
      writer.write(bytes)
      equal(snapshots.whole, [], 'whole while it is written')
      let id: SnapshotId | undefined
      let listed = -1
      writer.finish((error, found) => {
        equal(error, undefined, 'error of finish')
        id = found
        listed = snapshots.whole.length
      })
      await subject.settle()
      equal(listed, 1, 'whole when done came')
      subject.powerOff?.()
      const again = subject.open()
      equal(again.whole, [id], 'whole after a power cut')
      reads(again, again.whole[0]!, bytes)
    },
  },
  {
    name: 'several are whole, by rising index; one that is removed is gone, the others can be read',
    run: async (subject) => {
      const snapshots = subject.open()
      const late = await written(subject, snapshots, 30, 3, content(1_000, 3), [])
      const early = await written(subject, snapshots, 10, 1, content(1_000, 1), [])
      const middle = await written(subject, snapshots, 20, 2, content(1_000, 2), [])
      equal(snapshots.whole, [early, middle, late], 'whole')
      snapshots.remove(20)
      equal(snapshots.whole, [early, late], 'whole after a removal')
      reads(snapshots, early, content(1_000, 1))
      snapshots.close()
      equal(subject.open().whole, [early, late], 'whole after open')
    },
  },
  {
    name: 'one that is aborted, replaced by another begin, or ended by a crash was never there',
    needs: ['crash'],
    run: async (subject) => {
      const snapshots = subject.open()
      const aborted = snapshots.begin(1, 1)
      aborted.write(content(BIG, 1))
      aborted.abort()
      snapshots.begin(2, 1).write(content(BIG, 2))
      const id = await written(subject, snapshots, 3, 1, content(5, 3), [])
      snapshots.begin(4, 1).write(content(BIG, 4))
      await subject.settle()
      equal(snapshots.whole, [id], 'whole')
      subject.crash?.()
      equal(subject.open().whole, [id], 'whole after a crash')
    },
  },
]

const receiving: readonly Draft<SnapshotsSubject>[] = [
  {
    name: 'a received one is as it was written, whatever chunks it came in',
    run: async (subject) => {
      const { id, bytes } = await made(subject)
      for (const size of [1_000, 65_536, 100_001, BIG]) {
        const snapshots = subject.open()
        for (let at = 0; at < BIG; at += size) {
          const next = snapshots.receive(id, at, bytes.slice(at, at + size))
          equal(next, Math.min(at + size, BIG), 'offset wanted next')
          equal(snapshots.partial, { id, received: next }, 'partial')
        }
        equal(await completed(subject, snapshots), 'whole', 'end')
        equal([snapshots.whole, snapshots.partial], [[id], null], 'whole and partial')
        reads(snapshots, id, bytes)
        snapshots.remove(id.index)
        snapshots.close()
        await subject.settle()
      }
    },
  },
  {
    name: 'chunks that come again or too early are ignored',
    run: async (subject) => {
      const { id, bytes } = await made(subject)
      const snapshots = subject.open()
      equal(snapshots.receive(id, 70_000, bytes.slice(70_000)), 0, 'wanted after one from the middle')
      equal(snapshots.receive(id, 0, bytes.slice(0, 70_000)), 70_000, 'wanted after the first')
      equal(snapshots.receive(id, 0, bytes.slice(0, 70_000)), 70_000, 'wanted after the first again')
      equal(snapshots.receive(id, 70_000, content(BIG * 2, 1).slice(70_000)), BIG, 'wanted after too much')
      equal(await completed(subject, snapshots), 'whole', 'end')
      reads(snapshots, id, bytes)
    },
  },
  {
    name: 'another id throws away what was received',
    run: async (subject) => {
      const { id, bytes } = await made(subject)
      const snapshots = subject.open()
      snapshots.receive(id, 0, bytes.slice(0, 300_000))
      const other = { ...id, index: id.index + 1 }
      equal(snapshots.receive(other, 300_000, bytes.slice(300_000)), 0, 'offset wanted of the other')
      equal(snapshots.partial, { id: other, received: 0 }, 'partial')
      snapshots.receive(other, 0, bytes)
      equal(await completed(subject, snapshots), 'whole', 'end')
      equal(snapshots.whole, [other], 'whole')
    },
  },
  {
    name: 'what was received is there after a crash, but for the last of it, and goes on',
    needs: ['crash'],
    run: async (subject) => {
      const { id, bytes } = await made(subject)
      const snapshots = subject.open()
      snapshots.receive(id, 0, bytes.slice(0, 500_000))
      await subject.settle()
      subject.crash?.()
      await resumed(subject, id, bytes, 500_000, 1)
    },
  },
  {
    name: 'what was received and synced is there after a power cut, and whatever is there is right',
    needs: ['powerOff'],
    run: async (subject) => {
      const { id, bytes } = await made(subject)
      const snapshots = subject.open()
      for (let at = 0; at < 600_000; at += 40_000) snapshots.receive(id, at, bytes.slice(at, at + 40_000))
      subject.powerOff?.()
      await resumed(subject, id, bytes, 600_000, 0)
    },
  },
  {
    name: 'one whose bytes are wrong is refused as damaged, and forgotten',
    run: async (subject) => {
      const { id, bytes } = await made(subject)
      const snapshots = subject.open()
      const wrong = bytes.slice()
      wrong[400_000] = wrong[400_000]! ^ 1
      snapshots.receive(id, 0, wrong)
      equal(await completed(subject, snapshots), 'damaged', 'end')
      equal([snapshots.whole, snapshots.partial], [[], null], 'whole and partial')
      snapshots.receive(id, 0, bytes)
      equal(await completed(subject, snapshots), 'whole', 'end of the second try')
    },
  },
]

const failing: readonly Draft<SnapshotsSubject>[] = [
  {
    name: 'one that was damaged is not listed, the others are, and its place can be taken',
    needs: ['damage'],
    run: async (subject) => {
      const snapshots = subject.open()
      const good = await written(subject, snapshots, 5, 1, content(1_000, 1), [])
      const bad = await written(subject, snapshots, 8, 1, content(BIG, 2), [])
      snapshots.close()
      await subject.settle()
      subject.damage?.(bad)
      const again = subject.open()
      equal(again.whole, [good], 'whole')
      const id = await written(subject, again, 8, 1, content(BIG, 2), [])
      equal(id, bad, 'the id of the same bytes')
      again.close()
      equal(subject.open().whole, [good, bad], 'whole after open')
    },
  },
  {
    name: 'damage that comes while it is open is found by the read of those bytes',
    needs: ['damage'],
    run: async (subject) => {
      const snapshots = subject.open()
      const id = await written(subject, snapshots, 8, 1, content(BIG, 2), [])
      subject.damage?.(id)
      let code = 'none'
      try {
        for (let at = 0; at < BIG; at += 100_000) snapshots.read(id, at, 100_000)
      } catch (error) {
        code = error instanceof JournalError ? error.code : String(error)
      }
      equal(code, 'damaged', 'code')
    },
  },
  {
    name: 'a full disk is told by finish and by receive, and what was whole stays',
    needs: ['fill'],
    run: async (subject) => {
      const snapshots = subject.open()
      const good = await written(subject, snapshots, 5, 1, content(1_000, 1), [])
      const writer = snapshots.begin(8, 1)
      writer.write(content(100_000, 1))
      snapshots.receive({ ...good, index: 9, bytes: BIG }, 0, content(100_000, 1))
      subject.fill?.()
      writer.write(content(BIG, 1))
      let code: string | undefined
      writer.finish((error) => (code = error?.code))
      await subject.settle()
      equal(code, 'disk', 'code of finish')
      let thrown = 'none'
      try {
        snapshots.receive({ ...good, index: 9, bytes: BIG }, 100_000, content(BIG, 1))
      } catch (error) {
        thrown = error instanceof JournalError ? error.code : String(error)
      }
      equal(thrown, 'disk', 'code of receive')
      equal([snapshots.whole, snapshots.partial], [[good], null], 'whole and partial')
    },
  },
]

/** A snapshot and its bytes, as another peer has them; nothing of it is left in the store. */
async function made(subject: SnapshotsSubject): Promise<{ id: SnapshotId; bytes: Uint8Array }> {
  const bytes = content(BIG, 1)
  const snapshots = subject.open()
  const id = await written(subject, snapshots, 12, 3, bytes, [])
  snapshots.remove(12)
  snapshots.close()
  await subject.settle()
  return { id, bytes }
}

/** Opens again and receives the rest. */
async function resumed(
  subject: SnapshotsSubject,
  id: SnapshotId,
  bytes: Uint8Array,
  most: number,
  least: number,
): Promise<void> {
  const again = subject.open()
  const received = again.partial?.received ?? 0
  check(received >= least && received <= most, `${received} bytes are there, ${least} to ${most} can be`)
  check(again.partial === null || again.partial.id.checksum === id.checksum, 'the id is there')
  again.receive(id, received, bytes.slice(received))
  equal(await completed(subject, again), 'whole', 'end')
  reads(again, id, bytes)
}

async function written(
  subject: SnapshotsSubject,
  snapshots: Snapshots,
  index: number,
  term: number,
  bytes: Uint8Array,
  slices: readonly number[],
): Promise<SnapshotId> {
  const writer = snapshots.begin(index, term)
  let at = 0
  for (const size of [...slices, bytes.length]) {
    writer.write(bytes.slice(at, at + size))
    at += size
  }
  let id: SnapshotId | undefined
  writer.finish((error, found) => {
    equal(error, undefined, 'error of finish')
    id = found
  })
  await subject.settle()
  check(id !== undefined, 'finish is done')
  return id!
}

async function completed(subject: SnapshotsSubject, snapshots: Snapshots): Promise<string> {
  let end = 'never'
  snapshots.complete((error) => (end = error?.code ?? 'whole'))
  await subject.settle()
  return end
}

function reads(snapshots: Snapshots, id: SnapshotId, bytes: Uint8Array): void {
  const ranges = [
    [0, bytes.length + 10],
    [1, 3],
    [65_530, 10],
    [65_536, 65_536],
    [bytes.length - 5, 100],
    [bytes.length, 10],
  ] as const
  for (const [offset, length] of ranges) {
    if (offset < 0) continue
    const found = snapshots.read(id, offset, length)
    const wanted = bytes.slice(offset, offset + length)
    const same = found.length === wanted.length && found.every((byte, i) => byte === wanted[i])
    check(same, `${length} bytes from ${offset}: expected ${wanted.length} as written, found ${found.length}`)
  }
}

function content(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + seed * 101) & 255
  return bytes
}
