import { readdirSync } from 'node:fs'
import { join as path } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { persist, role } from '../../src/index.js'
import type { Peer } from '../../src/index.js'
import { Office } from './office.js'

const MIB = 1024 * 1024

type Shelf = Readonly<Record<string, string>>

/** Sixteen rows of 8 KiB a command. */
const shelf = role('shelf', {
  state: (): { readonly rows: Shelf } => ({ rows: {} }),
  events: {
    filled: (s, e: { at: number; text: string }) => {
      const more = Object.fromEntries(
        Array.from({ length: 16 }, (_, i) => [`row-${e.at}-${i}`, e.text + String(i)]),
      )
      return { rows: { ...s.rows, ...more } }
    },
  },
  commands: {
    put: (_s, c: { at: number; text: string }, on) => persist(on.filled(c)).reply(() => c.at),
  },
})

const office: { now: Office | null } = { now: null }
afterEach(async () => {
  await office.now?.close()
  office.now = null
})

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('peers with a state of 20 MB, on real disks', () => {
  it('take snapshots under load, start from them and join by them, and nobody takes over', {
    timeout: 120_000,
  }, async () => {
    const room = (office.now = new Office())
    const common = {
      roles: [shelf],
      // A busy machine may be slow; a server that stands still while it takes a snapshot would be replaced.
      timing: { settleMs: 50, silenceMinMs: 400, silenceMaxMs: 2_000 },
      snapshots: {
        bytes: MIB,
        entries: 1_000,
        keepEntries: 10,
        keepBytes: 64 * 1024,
        catchUpSnapshots: 0,
        catchUpBytes: 0,
      },
    }
    const start = async (name: string): Promise<Peer> => {
      // With somebody else in sight nobody founds a cluster of its own, however late a busy machine lets them meet.
      const expected = room.peers.length > 0 ? 2 : 1
      const peer = await room.start({ name, expect: expected, ...common })
      await peer.joined
      return peer
    }
    const [ann, bob] = [await start('ann'), await start('bob')]
    await start('cy')

    const text = 'x'.repeat(8 * 1024)
    const fills = Array.from({ length: 160 }, (_, at) => at)
    const worker = async (): Promise<void> => {
      for (let at = fills.shift(); at !== undefined; at = fills.shift())
        expect(await bob.role(shelf).put({ at, text }).value()).toBe(at)
    }
    await Promise.all([worker(), worker(), worker(), worker()])
    await until(() => room.peers.every((peer) => peer.status().snapshotIndex > 100))

    // What the snapshot covers is gone from the disk.
    const segments = readdirSync(path(room.root, 'ann')).filter((name) => name.startsWith('journal-'))
    expect(segments).not.toContain('journal-0000000000000001.seg')

    // It comes back with what it had, and never asks for what the snapshot holds.
    await room.peers[2]?.stop()
    room.peers.pop()
    const cy = await start('cy')
    expect(cy.status().snapshotIndex).toBeGreaterThan(100)
    const dee = await start('dee')
    await until(() => dee.status().commitIndex >= ann.status().commitIndex)
    expect(room.log.lines.filter((line) => line.includes('snapshot-installed'))).toHaveLength(1)

    const expected = (await ann.read(shelf)).rows
    expect(Object.keys(expected)).toHaveLength(2_560)
    for (const peer of [bob, cy, dee]) expect(await peer.read(shelf)).toEqual({ rows: expected })
    for (const peer of room.peers) {
      expect(peer.status().term).toBe(1)
      expect(peer.status().server?.id).toBe(ann.id)
    }
  })
})
