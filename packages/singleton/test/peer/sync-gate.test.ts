import { DiskError } from '@tanist/core'
import type { DiskFile, Engine, Folder, SyncDone } from '@tanist/core'
import { describe, expect, it } from 'vitest'
import { SyncGate } from '../../src/peer/sync-gate.js'

const bytes = new Uint8Array(4)

/** A folder of one file that notes what is done to it, and an engine whose turns are taken by hand. */
function stage(failing = false) {
  const done: string[] = []
  const file: DiskFile = {
    get size() {
      done.push('size')
      return 0
    },
    read: () => {
      done.push('read')
      return bytes
    },
    write: (offset) => {
      if (failing) throw new DiskError('full', 'no space is left')
      done.push(`write ${offset}`)
    },
    truncate: () => void done.push('truncate'),
    prepare: (size) => void done.push(`prepare ${size}`),
    sync: (then) => {
      done.push('sync')
      then()
    },
    close: () => void done.push('close'),
  }
  const folder = { path: '/data', open: () => file } as Partial<Folder> as Folder
  let turn = (): void => {}
  const engine: Engine = {
    cell: (_name, run) => {
      turn = () => void run()
      return { wake: () => {}, stop: () => {} }
    },
  }
  const gated = new SyncGate(engine, 'test').folder(folder).open('journal', 'create')
  return { done, gated, turn: () => turn() }
}

describe('the sync gate', () => {
  it('touches the disk only after the turn: first the writes in order, then their sync', () => {
    const { done, gated, turn } = stage()
    gated.write(0, bytes)
    gated.prepare(100)
    gated.write(4, bytes)
    gated.sync(() => void done.push('durable'))
    expect(done).toEqual([])
    turn()
    expect(done).toEqual(['write 0', 'prepare 100', 'write 4', 'sync', 'durable'])
  })

  it.each(['read', 'size', 'truncate', 'close'] as const)('lets a %s see what was written', (look) => {
    const { done, gated } = stage()
    gated.write(0, bytes)
    if (look === 'read') gated.read(0, 4)
    else if (look === 'size') expect(gated.size).toBe(0)
    else if (look === 'truncate') gated.truncate(0)
    else gated.close()
    expect(done).toEqual(['write 0', look])
  })

  it('fails the sync of a file that could not be written, and never says that it is durable', () => {
    const { done, gated, turn } = stage(true)
    let failure: Parameters<SyncDone>[0]
    gated.write(0, bytes)
    gated.sync((error) => (failure = error))
    turn()
    expect(failure?.code).toBe('full')
    expect(done).toEqual([])
  })

  it('closes a file whose last writes the disk does not take', () => {
    const { done, gated } = stage(true)
    gated.write(0, bytes)
    gated.close()
    expect(done).toEqual(['close'])
  })
})
