import { type Disk, DiskError, type DiskFile, type Folder } from '../../host/index.js'
import {
  bytesOf,
  check,
  comes,
  contract,
  type ContractCase,
  type Draft,
  equal,
  numbers,
  type Subject,
  textOf,
} from './case.js'

/** A disk, and a folder on it that does not exist yet, and of which the parent does not exist either. */
export interface DiskSubject extends Subject {
  readonly disk: Disk
  readonly path: string
  /** Ends the process; `disk` then serves a new one. Without it, the cases that need it are skipped, as below. */
  crash?(): void
  /** Cuts the power: what was not synced may be lost. `disk` then serves a new process. */
  powerOff?(): void
  /** From now on nothing can grow. */
  fill?(): void
  /** The next sync fails. */
  failNextSync?(): void
}

/**
 * What every `Disk` must do, as named cases for any test runner.
 *
 * @example
 * for (const { name, run } of diskContract(() => ({ disk, path, ...timersPassage(timers) }))) it(name, ({ skip }) => run(skip))
 */
export function diskContract(create: () => DiskSubject | Promise<DiskSubject>): ContractCase[] {
  return contract(create, [...folders, ...files, ...syncs, ...faults])
}

const folders: readonly Draft<DiskSubject>[] = [
  {
    name: 'a folder is created with its parents, and is empty',
    run: async ({ disk, path }) => {
      const folder = disk.openFolder(path)
      equal(folder.list(), [], 'files of a new folder')
      check(folder.path.length > 0, 'a folder knows its path')
    },
  },
  {
    name: 'a folder is locked while it is open, and files outlive its close',
    run: async ({ disk, path }) => {
      const folder = disk.openFolder(path)
      folder.open('a', 'create').write(0, bytesOf('kept'))
      equal(
        codeOf(() => disk.openFolder(path)),
        'locked',
        'code of a second openFolder',
      )
      equal(folder.list(), ['a'], 'files, the lock not among them')
      folder.close()
      equal(content(disk.openFolder(path), 'a'), 'kept', 'content after close and open')
    },
  },
  {
    name: 'a folder lists its files sorted',
    run: async ({ disk, path }) => {
      const folder = disk.openFolder(path)
      for (const name of ['b', '10', 'a', '9', 'B']) folder.open(name, 'create').close()
      equal(folder.list(), ['10', '9', 'B', 'a', 'b'], 'files')
    },
  },
  {
    name: 'a file is missing until it is created, and creating it again keeps its bytes',
    run: async ({ disk, path }) => {
      const folder = disk.openFolder(path)
      equal(
        codeOf(() => folder.open('a', 'existing')),
        'missing',
        'code before',
      )
      equal(folder.open('a', 'create').size, 0, 'size of a new file')
      folder.open('a', 'existing').write(0, bytesOf('kept'))
      equal(content(folder, 'a', 'create'), 'kept', 'content')
    },
  },
  {
    name: 'rename replaces, remove removes, and both say when there is no such file',
    run: async ({ disk, path }) => {
      const folder = disk.openFolder(path)
      for (const name of ['old', 'new', 'gone']) folder.open(name, 'create').write(0, bytesOf(name))
      folder.rename('new', 'old')
      folder.remove('gone')
      equal(
        [folder.list(), content(folder, 'old')],
        [['old'], 'new'],
        'files, and the content of the replaced one',
      )
      const codes = [codeOf(() => folder.rename('new', 'x')), codeOf(() => folder.remove('gone'))]
      equal(codes, ['missing', 'missing'], 'codes')
    },
  },
  {
    name: 'files stay usable after the close of their folder, and nothing after its own',
    run: async ({ disk, path }) => {
      const folder = disk.openFolder(path)
      const file = folder.open('a', 'create')
      folder.close()
      file.write(0, bytesOf('still'))
      equal(textOf(file.read(0, 9)), 'still', 'content')
      check(
        throws(() => folder.list()),
        'a closed folder throws',
      )
      file.close()
      check(
        throws(() => file.write(0, bytesOf('x'))),
        'a closed file throws',
      )
    },
  },
]

const files: readonly Draft<DiskSubject>[] = [
  {
    name: 'what was written is read at once, over old bytes too, and is a copy',
    run: async (subject) => {
      const { file } = opened(subject)
      const bytes = bytesOf('hello')
      file.write(0, bytes)
      bytes.fill(0)
      file.write(3, bytesOf('p!?'))
      equal([textOf(file.read(0, 6)), file.size], ['help!?', 6], 'content and size')
      file.read(0, 6).fill(0)
      equal(textOf(file.read(0, 6)), 'help!?', 'content after a reader changed its bytes')
    },
  },
  {
    name: 'a read is shorter only at the end of the file',
    run: async (subject) => {
      const { file } = opened(subject)
      file.write(0, new Uint8Array(100_000).fill(7))
      const lengths = [
        file.read(0, 100_000),
        file.read(99_990, 20),
        file.read(100_000, 1),
        file.read(200_000, 1),
      ]
      equal(
        lengths.map(({ length }) => length),
        [100_000, 10, 0, 0],
        'bytes read',
      )
    },
  },
  {
    name: 'a gap, and what a truncation adds, reads as zeros',
    run: async (subject) => {
      const { file } = opened(subject)
      file.write(2, new Uint8Array([7, 8]))
      equal([...file.read(0, 9)], [0, 0, 7, 8], 'content after a write behind the end')
      file.truncate(3)
      file.truncate(5)
      equal([...file.read(0, 9)], [0, 0, 7, 0, 0], 'content after a cut and an extension')
      equal(file.size, 5, 'size')
    },
  },
  {
    name: 'prepared space holds zeros or is not there, and takes nothing from what is',
    run: async (subject) => {
      const { file } = opened(subject)
      file.write(0, bytesOf('kept'))
      file.prepare(200_000)
      check(file.size >= 4 && file.size <= 200_000, `a size of ${file.size} is what is used, or prepared`)
      file.prepare(2)
      equal(textOf(file.read(0, 4)), 'kept', 'content in front')
      check(
        file.read(4, 200_000).every((byte) => byte === 0),
        'zeros behind',
      )
      file.write(4, bytesOf(' and more'))
      equal(textOf(file.read(0, 13)), 'kept and more', 'content after a write into it')
    },
  },
  {
    name: 'two handles of one file see the same bytes, and each is closed for itself',
    run: async (subject) => {
      const { folder, file } = opened(subject)
      file.write(0, bytesOf('one'))
      const other = folder.open('a', 'existing')
      file.write(0, bytesOf('two'))
      equal(textOf(other.read(0, 3)), 'two', 'content by the other handle')
      other.close()
      file.write(0, bytesOf('six'))
      equal(textOf(file.read(0, 3)), 'six', 'content after the other one closed')
    },
  },
]

const syncs: readonly Draft<DiskSubject>[] = [
  {
    name: 'a sync of a file, and of a folder, calls back once each, in the order of the calls',
    run: async (subject) => {
      const { folder, file } = opened(subject)
      for (const target of [file, folder]) {
        const order: string[] = []
        for (const n of numbers(1, 20)) {
          file.write(n, bytesOf('x'))
          target.sync((error) => void order.push(error === undefined ? String(n) : error.code))
        }
        await comes(subject, () => order.length >= 20, 'twenty callbacks')
        await subject.pass(20)
        equal(order, numbers(1, 20).map(String), 'order of callbacks')
      }
    },
  },
  {
    name: 'syncs that wait still call back when file and folder are closed at once',
    run: async (subject) => {
      const { folder, file } = opened(subject)
      const done: string[] = []
      for (const n of numbers(1, 5)) file.sync((error) => void done.push(error?.code ?? String(n)))
      folder.sync((error) => void done.push(error?.code ?? 'folder'))
      file.close()
      folder.close()
      await comes(subject, () => done.length === 6, 'six callbacks')
      equal(
        done.filter((what) => what !== 'folder'),
        numbers(1, 5).map(String),
        'callbacks of the file',
      )
    },
  },
  {
    name: 'a callback may write and sync again',
    run: async (subject) => {
      const { file } = opened(subject)
      const codes: string[] = []
      const again = (error?: DiskError): void => {
        codes.push(error?.code ?? 'ok')
        if (codes.length === 10) return
        file.write(file.size, bytesOf('x'))
        file.sync(again)
      }
      file.sync(again)
      await comes(subject, () => codes.length === 10, 'ten syncs, each begun by the one before')
      equal([...new Set(codes)], ['ok'], 'what they said')
      equal(file.size, 9, 'size')
    },
  },
]

const faults: readonly Draft<DiskSubject>[] = [
  {
    name: 'what a process wrote outlives it, synced or not, and its lock does not',
    needs: ['crash'],
    run: async (subject) => {
      const { file } = opened(subject)
      file.write(0, bytesOf('cached'))
      subject.crash?.()
      equal(content(subject.disk.openFolder(subject.path), 'a'), 'cached', 'content')
    },
  },
  {
    name: 'what was synced survives a power cut: bytes by the sync of the file, names by that of the folder',
    needs: ['powerOff'],
    run: async (subject) => {
      const { folder, file } = opened(subject)
      for (const name of ['old', 'gone']) folder.open(name, 'create').close()
      // One by one: a disk that lost what it should have kept may have kept some of it by chance.
      for (const n of numbers(0, 29)) file.write(n, bytesOf('synced'.charAt(n % 6)))
      folder.rename('old', 'new')
      folder.remove('gone')
      await synced(subject, file)
      await synced(subject, folder)
      file.write(0, bytesOf('SY'))
      subject.powerOff?.()
      const again = subject.disk.openFolder(subject.path)
      equal(again.list(), ['a', 'new'], 'files')
      equal(
        content(again, 'a').slice(2),
        'synced'.repeat(5).slice(2),
        'the bytes that nobody touched afterwards',
      )
    },
  },
  {
    name: 'a full disk throws, keeps what was there, and still takes what does not grow',
    needs: ['fill'],
    run: async (subject) => {
      const { file } = opened(subject)
      file.write(0, bytesOf('before'))
      subject.fill?.()
      equal(
        codeOf(() => file.write(6, new Uint8Array(1_000_000))),
        'full',
        'code of a write',
      )
      equal(
        codeOf(() => file.prepare(1_000_000)),
        'nothing thrown',
        'code of space ahead',
      )
      equal(textOf(file.read(0, 6)), 'before', 'content')
      file.write(0, bytesOf('B'))
      file.truncate(6)
      equal(textOf(file.read(0, 9)), 'Before', 'content after writing in place')
    },
  },
  {
    name: 'a sync that fails says so by its callback',
    needs: ['failNextSync'],
    run: async (subject) => {
      const { file } = opened(subject)
      let heard: unknown
      subject.failNextSync?.()
      file.sync((error) => (heard = error ?? 'no error'))
      await comes(subject, () => heard !== undefined, 'the callback')
      check(heard instanceof DiskError, `a DiskError, not ${String(heard)}`)
    },
  },
]

function opened({ disk, path }: DiskSubject): { folder: Folder; file: DiskFile } {
  const folder = disk.openFolder(path)
  return { folder, file: folder.open('a', 'create') }
}

function content(folder: Folder, name: string, mode: 'existing' | 'create' = 'existing'): string {
  const file = folder.open(name, mode)
  return textOf(file.read(0, file.size))
}

async function synced(subject: DiskSubject, one: Pick<DiskFile, 'sync'>): Promise<void> {
  let said: string | undefined
  one.sync((error) => void (said = error?.code ?? 'ok'))
  await comes(subject, () => said !== undefined, 'the end of a sync')
  equal(said, 'ok', 'what the sync said')
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    return error instanceof DiskError ? error.code : `${String(error)}, which is no DiskError`
  }
  return 'nothing thrown'
}

function throws(run: () => unknown): boolean {
  try {
    run()
  } catch {
    return true
  }
  return false
}
