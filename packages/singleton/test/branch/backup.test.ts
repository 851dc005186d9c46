import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join as path } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JoinError, restore } from '../../src/index.js'
import { counter, Office } from '../join/office.js'

/** Copies on real files. */

let office: Office
beforeEach(() => {
  office = new Office()
})
afterEach(() => office.close())

describe('backup and restore', () => {
  it('a restored folder holds what was committed, and goes on as a branch of its own', async () => {
    const [ann] = await office.startAll('ann')
    await ann!.role(counter).add({ by: 5 }, { id: 'client:1' })
    const backup = path(office.root, 'backup')
    const made = await ann!.operate.backup(backup)
    expect(made).toMatchObject({ clusterId: ann!.status().clusterId, branch: ann!.status().branch })
    await ann!.role(counter).add({ by: 2 })
    await ann!.stop()
    const data = path(office.root, 'restored')
    expect((await restore({ backup, data })).index).toBe(made.index)
    const again = await office.start({ name: 'restored', seeds: [], data })
    await again.joined
    expect(await again.read(counter)).toEqual({ n: 5 })
    expect(again.id).not.toBe(ann!.id)
    expect(again.status().branch).not.toBe(made.branch)
    // Its outcomes are in the copy, too.
    expect(await again.role(counter).add({ by: 5 }, { id: 'client:1' })).toMatchObject({
      status: 'ok',
      value: 5,
    })
    const bob = await office.start({ name: 'bob', seeds: [again.address] })
    await bob.joined
    expect(await bob.read(counter)).toEqual({ n: 5 })
  })

  it('of a journal whose beginning was compacted away is a snapshot and what came behind it', async () => {
    const small = { entries: 20, bytes: 1_000, keepEntries: 2, keepBytes: 100 }
    const ann = await office.start({ name: 'ann', snapshots: small })
    await ann.joined
    for (let i = 0; i < 60; i++)
      await ann
        .role(counter)
        .add({ by: 1 }, { id: `client:${i + 1}` })
        .value()
    while (firstSegment('ann') === 1) await ann.role(counter).add({ by: 1 }).value()
    const { n } = await ann.read(counter)
    const backup = path(office.root, 'backup')
    // What is taken meanwhile drops nothing that is being copied.
    const [made] = await Promise.all([
      ann.operate.backup(backup),
      ...Array.from({ length: 90 }, () => ann.role(counter).add({ by: 1 }).value()),
    ])
    const { id, status } = { id: ann.id, status: ann.status() }
    await ann.stop()
    const data = path(office.root, 'restored')
    expect((await restore({ backup, data })).index).toBe(made.index)
    const again = await office.start({ name: 'restored', seeds: [], data, snapshots: small })
    await again.joined
    expect((await again.read(counter)).n).toBeGreaterThanOrEqual(n)
    expect((await again.read(counter)).n).toBeLessThanOrEqual(n + 90)
    expect(again.id).not.toBe(id)
    expect(again.status()).toMatchObject({ clusterId: status.clusterId })
    expect(again.status().branch).not.toBe(made.branch)
    expect(again.status().snapshotIndex).toBeGreaterThan(0)
    expect(await again.role(counter).add({ by: 1 }, { id: 'client:60' })).toMatchObject({ value: 60 })
    const file = path(backup, 'tanist.backup')
    const bytes = readFileSync(file)
    bytes[600]! ^= 1
    writeFileSync(file, bytes)
    await expect(restore({ backup, data: path(office.root, 'new') })).rejects.toThrow(/damaged|bundle/)
  })

  const firstSegment = (name: string): number =>
    Math.min(
      ...readdirSync(path(office.root, name))
        .flatMap((file) => /^journal-(\d+)/.exec(file)?.[1] ?? [])
        .map(Number),
    )

  it('refuses a folder that is not empty, and a copy that is damaged, with a sentence', async () => {
    const [ann] = await office.startAll('ann')
    await ann!.role(counter).add({ by: 5 })
    const backup = path(office.root, 'backup')
    await ann!.operate.backup(backup)
    await expect(restore({ backup, data: path(office.root, 'backup') })).rejects.toThrow(JoinError)
    await expect(restore({ backup, data: path(office.root, 'ann') })).rejects.toThrow(/in use|not empty/)
    const file = path(backup, 'tanist.backup')
    const bytes = readFileSync(file)
    bytes[bytes.length - 30]! ^= 1
    writeFileSync(file, bytes)
    await expect(restore({ backup, data: path(office.root, 'new') })).rejects.toThrow(/damaged/)
  })

  it('continueHere is refused with a sentence while somebody leads', async () => {
    const [ann] = await office.startAll('ann')
    await expect(ann!.operate.continueHere('why not')).rejects.toThrow(/leads already/)
    await expect(ann!.operate.continueHere(' ')).rejects.toThrow(/reason/)
  })
})
