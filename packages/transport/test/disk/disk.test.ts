import { execFileSync } from 'node:child_process'
import { chmodSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DiskError } from '@tanist/core'
import type { DiskErrorCode, Folder } from '@tanist/core'
import { nodeDisk } from '../../src/index.js'
import { diskError } from '../../src/node-host/disk/errors.js'
import { NodeFile } from '../../src/node-host/disk/file.js'
import { SyncLane } from '../../src/node-host/disk/sync-lane.js'
import { syncPolicy } from '../../src/node-host/disk/sync-policy.js'
import { later } from '../support/peers.js'

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'tanist-disk-'))
  later(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function opened(path = join(scratch(), 'data', 'journal')): Folder {
  return nodeDisk().openFolder(path)
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function synced(one: { sync(done: (error?: DiskError) => void): void }): Promise<void> {
  const error = await new Promise<DiskError | undefined>((resolve) => one.sync(resolve))
  if (error !== undefined) throw error
}

function codeOf(run: () => unknown): DiskErrorCode | 'none' {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof DiskError) return error.code
    throw error
  }
}

describe('a file', () => {
  it('holds what was written, as a plain array of bytes would', () => {
    const folder = opened()
    const write = fc.record({ at: fc.nat(300), bytes: fc.uint8Array({ maxLength: 200 }) })
    const steps = fc.array(fc.oneof(write, fc.record({ cut: fc.nat(500) })), { maxLength: 20 })
    let number = 0
    fc.assert(
      fc.property(steps, fc.nat(500), fc.nat(500), (all, from, length) => {
        const name = `file-${(number += 1)}`
        const file = folder.open(name, 'create')
        let model = Buffer.alloc(0)
        const grow = (size: number): void => {
          if (size > model.length) model = Buffer.concat([model, Buffer.alloc(size - model.length)])
        }
        for (const step of all) {
          if ('cut' in step) {
            file.truncate(step.cut)
            grow(step.cut)
            model = model.subarray(0, step.cut)
          } else {
            file.write(step.at, step.bytes)
            if (step.bytes.length > 0) grow(step.at + step.bytes.length)
            model = Buffer.from(model)
            model.set(step.bytes, Math.min(step.at, model.length))
          }
        }
        expect(file.size).toBe(model.length)
        expect(Buffer.from(file.read(from, length))).toEqual(Buffer.from(model.subarray(from, from + length)))
        file.close()
        const again = folder.open(name, 'existing')
        expect(again.size).toBe(model.length)
        expect(Buffer.from(again.read(0, 1_000))).toEqual(Buffer.from(model))
        again.close()
        folder.remove(name)
      }),
    )
  })

  it('cannot be used after its close', () => {
    const file = opened().open('a', 'create')
    file.close()
    expect(() => file.write(0, new Uint8Array(1))).toThrow(/used after its close/)
  })

  it('syncs, calls back once each and in order, also when closed at once', async () => {
    const folder = opened()
    const [one, other] = [folder.open('a', 'create'), folder.open('b', 'create')]
    const order: number[] = []
    await new Promise<void>((resolve) => {
      const done = (number: number) => (error?: DiskError) => {
        expect(error).toBeUndefined()
        order.push(number)
        if (number === 49) resolve()
      }
      for (let i = 0; i < 49; i += 1) {
        const file = i % 2 === 0 ? one : other
        file.write(i, Buffer.from('x'))
        if (i % 7 === 6) folder.sync(done(i))
        else file.sync(done(i))
      }
      one.close()
      other.sync(done(49))
      other.close()
    })
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })
})

describe('prepared space', () => {
  it.skipIf(process.platform !== 'linux')('is given up without an error when the disk is full', () => {
    const lane = new SyncLane(syncPolicy())
    const file = new NodeFile('/dev/full', constants.O_RDWR, lane)
    later(() => file.close())
    file.prepare(4_096)
    expect(file.size).toBe(0)
    expect(codeOf(() => file.write(0, new Uint8Array(1)))).toBe('full')
  })

  it('is on the disk, and not a hole', () => {
    const folder = opened()
    const file = folder.open('a', 'create')
    file.write(0, Buffer.from('used'))
    file.prepare(300_000)
    expect(file.size).toBe(300_000)
    if (process.platform !== 'win32') {
      expect(statSync(join(folder.path, 'a')).blocks * 512).toBeGreaterThanOrEqual(300_000)
    }
  })
})

describe('a folder', () => {
  it('lets go of what it removes: the name at once, the file soon', async () => {
    const folder = opened()
    const held = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder.path)
        } catch {
          return false
        }
      }).length
    const linux = process.platform === 'linux'
    const before = linux ? held() : 0
    for (let i = 0; i < 20; i++) {
      const file = folder.open('old', 'create')
      file.write(0, new Uint8Array(1_000))
      file.close()
      folder.remove('old')
      expect(folder.list()).toEqual([])
    }
    expect(codeOf(() => folder.remove('old'))).toBe('missing')
    if (linux) await expect.poll(held, { timeout: 10_000 }).toBe(before)
  })

  it('is created with its parents, and lists its files sorted, without its lock', async () => {
    const path = join(scratch(), 'a', 'b', 'c')
    const folder = opened(path)
    for (const name of ['10', '9', 'a']) folder.open(name, 'create').close()
    mkdirSync(join(path, 'sub'))
    expect(folder.list()).toEqual(['10', '9', 'a'])
    await synced(folder)
    folder.rename('9', '10')
    folder.remove('a')
    expect(folder.list()).toEqual(['10'])
    await synced(folder)
  })

  it('takes no names that lead out of it or to its lock', () => {
    const folder = opened()
    for (const name of ['../a', 'a/b', '..', '.', '', 'lock', 'lock-x']) {
      expect(() => folder.open(name, 'create')).toThrow(/Invariant/)
    }
  })
})

function mapped(code: string): DiskErrorCode {
  return diskError(Object.assign(new Error('x'), { code }), 'do').code
}

describe('disk errors', () => {
  it('map the codes of the system', () => {
    expect(['ENOSPC', 'EDQUOT'].map(mapped)).toEqual(['full', 'full'])
    expect(['EACCES', 'EPERM', 'EROFS'].map(mapped)).toEqual(['denied', 'denied', 'denied'])
    expect(mapped('ENOENT')).toBe('missing')
    expect(mapped('EIO')).toBe('failed')
    expect(diskError(new Error('odd'), 'do this').message).toMatch(/^Cannot do this: Error: odd/)
  })

  it('name the folder and what to do when it cannot be made', ({ skip }) => {
    const path = scratch()
    writeFileSync(join(path, 'file'), '')
    expect(codeOf(() => opened(join(path, 'file', 'below')))).toBe('failed')
    skip(process.getuid?.() === 0, 'This user may write everywhere: nothing is denied.')
    chmodSync(path, 0o500)
    expect(() => opened(join(path, 'new'))).toThrow(
      new RegExp(`${path}/new: EACCES. Give this user the right`),
    )
  })

  it('say that the disk is full, and what was written before is still there', ({ skip }) => {
    const path = scratch()
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', path], { stdio: 'ignore' })
    } catch {
      skip('This user may not mount a small disk.')
    }
    later(() => void execFileSync('umount', ['-l', path]))
    const folder = opened(join(path, 'data'))
    const file = folder.open('a', 'create')
    file.write(0, Buffer.from('before'))
    expect(codeOf(() => file.write(6, new Uint8Array(1_000_000)))).toBe('full')
    expect(file.size).toBeGreaterThanOrEqual(6)
    expect(text(file.read(0, 6))).toBe('before')
    file.truncate(6)
    file.write(6, Buffer.from('!'))
    expect(text(file.read(0, 9))).toBe('before!')
    file.close()
    folder.close()
    expect(existsSync(path)).toBe(true)
  })
})
