import { DiskError, type DiskFile, type Folder, type SyncDone } from '../host/index.js'
import type { SimDisk } from './disk.js'
import { SimFile } from './disk-file.js'
import type { SimNames } from './disk-folder.js'

/** A folder as one process sees it; dead with that process. */
export class FolderHandle implements Folder {
  readonly path: string
  readonly #disk: SimDisk
  readonly #names: SimNames
  readonly #epoch: number
  #closed = false

  constructor(disk: SimDisk, path: string, names: SimNames) {
    this.path = path
    this.#disk = disk
    this.#names = names
    this.#epoch = disk.epoch
  }

  list(): string[] {
    this.#check()
    return this.#names.list()
  }

  open(name: string, mode: 'existing' | 'create'): DiskFile {
    this.#check()
    const path = `${this.path}/${name}`
    let file = this.#names.get(name)
    if (file === undefined) {
      if (mode === 'existing') throw new DiskError('missing', `there is no file ${path}`)
      if (this.#disk.isFull) throw new DiskError('full', `no space left for ${path}`)
      file = new SimFile()
      this.#names.create(name, file)
    }
    return new FileHandle(this.#disk, path, file)
  }

  rename(from: string, to: string): void {
    this.#check()
    this.#names.rename(from, to, this.#existing(from))
  }

  remove(name: string): void {
    this.#check()
    this.#existing(name)
    this.#names.remove(name)
  }

  sync(done: SyncDone): void {
    this.#check()
    this.#disk.sync(this.#names, this.path, done)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#epoch === this.#disk.epoch) this.#names.locked = false
  }

  #existing(name: string): SimFile {
    const file = this.#names.get(name)
    if (file === undefined) throw new DiskError('missing', `there is no file ${this.path}/${name}`)
    return file
  }

  #check(): void {
    this.#disk.alive(this.#epoch, this.path)
    if (this.#closed) throw new DiskError('failed', `the folder ${this.path} is closed`)
  }
}

class FileHandle implements DiskFile {
  readonly #disk: SimDisk
  readonly #path: string
  readonly #file: SimFile
  readonly #epoch: number
  #closed = false

  constructor(disk: SimDisk, path: string, file: SimFile) {
    this.#disk = disk
    this.#path = path
    this.#file = file
    this.#epoch = disk.epoch
  }

  get size(): number {
    this.#check()
    return this.#file.size
  }

  read(offset: number, length: number): Uint8Array {
    this.#check()
    return this.#file.read(offset, length)
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#check()
    const growth = offset + bytes.length - Math.max(this.#file.size, offset)
    const room = this.#disk.room(this.#path, growth)
    if (room === undefined) {
      const place = this.#disk.aim(this.#file, offset, bytes.length)
      this.#file.write(place, bytes)
      // The file has its new length: the place where it should be reads as zeros.
      if (place !== offset && growth > 0) this.#file.truncate(offset + bytes.length)
    } else {
      this.#file.write(offset, bytes.subarray(0, bytes.length - growth + room.kept))
    }
    this.#disk.wrote()
    if (room !== undefined) throw room.error
  }

  prepare(size: number): void {
    this.#check()
    const zeros = size - this.#file.size
    if (zeros > 0 && !this.#disk.isFull) this.#file.write(this.#file.size, new Uint8Array(zeros))
  }

  truncate(size: number): void {
    this.#check()
    const room = this.#disk.room(this.#path, size - this.#file.size)
    if (room !== undefined) throw room.error
    this.#file.truncate(size)
  }

  sync(done: SyncDone): void {
    this.#check()
    this.#disk.sync(this.#file, this.#path, done)
  }

  close(): void {
    this.#closed = true
  }

  #check(): void {
    this.#disk.alive(this.#epoch, this.#path)
    if (this.#closed) throw new DiskError('failed', `the file ${this.#path} is closed`)
  }
}
