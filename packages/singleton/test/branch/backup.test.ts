import { readFileSync, writeFileSync } from 'node:fs'
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
