import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Disk, DiskFile, Folder, Host } from '@tanist/core'
import { persist, role } from '../../src/index.js'
import { ledgerWorkload, replayJournal, runSchedule, work } from '../../src/testing/index.js'
import type { Run } from '../../src/testing/index.js'
import { acts, caseArbitrary } from './campaign.js'

/** Little of everything: a snapshot every 25 entries, segments of 2,000 bytes, and nobody is waited for. */
const small = {
  entries: 25,
  bytes: 4_000,
  keepEntries: 3,
  keepBytes: 500,
  catchUpBytes: 0,
  catchUpSnapshots: 0,
  pieceBytes: 300,
}

const words = (run: Run): string[] => run.contradictions.map(({ law, text }) => `${law}: ${text}`)

describe('whole peers that compact and fetch snapshots all the time', () => {
  it.each([
    [3, 18],
    [5, 6],
  ])('keep every law under generated schedules, %i peers', { timeout: 120_000 }, (peers, runs) => {
    let restored = 0
    let dropped = 0
    for (const one of fc.sample(caseArbitrary(peers), { seed: 5, numRuns: runs })) {
      const run = runSchedule({
        ...one,
        acts,
        settings: { snapshots: small },
        meanwhile: ({ world }) =>
          world.onMoment((_, moment) => void (restored += Number(moment === 'restored'))),
      })
      expect(words(run), JSON.stringify(one)).toEqual([])
      const { cluster } = run
      for (const name of cluster.names)
        if ((cluster.peer(name)?.status().snapshotIndex ?? 0) > 0) dropped += 1
    }
    expect(restored).toBeGreaterThan(runs / 4)
    expect(dropped).toBeGreaterThan(runs)
  })
})

describe('a follower that fetches a snapshot', () => {
  const away = { at: 200, do: 'split', a: ['cy'], for: 2_500 } as const
  const options = {
    seed: 4,
    peers: 3,
    settings: { snapshots: small },
    workload: ledgerWorkload(4, 15),
    forMs: 4_000,
  }

  it('survives a power cut at each of its writes, whatever of them is on the platter', {
    timeout: 60_000,
  }, () => {
    // How many writes it has made when it is done.
    let writes = 0
    let done = 0
    runSchedule({
      ...options,
      schedule: [away],
      meanwhile: ({ world }) =>
        world.onMoment((node, moment) => {
          if (node !== 'cy') return
          if (moment === 'wrote') writes += 1
          if (moment === 'restored' && done === 0) done = writes
        }),
    })
    expect(done).toBeGreaterThan(10)
    for (let write = done - 20; write <= done + 6; write += 2) {
      const cut = { on: `cy.wrote#${write}`, do: 'power-off', who: ['cy'], tear: true, for: 300 } as const
      const run = runSchedule({ ...options, schedule: [away, cut] })
      expect(run.unfired).toEqual([])
      expect(words(run), `power cut at write ${write}`).toEqual([])
    }
  })
})

describe('a role that is no function of its events on one peer', () => {
  /** On cy the tenth event leads elsewhere. */
  const odd = (node: string) =>
    role('tally', {
      state: () => ({ n: 0, sum: 0 }),
      events: {
        added: (s, e: { by: number }) => ({
          n: s.n + 1,
          sum: s.sum + e.by + Number(node === 'cy' && s.n === 10),
        }),
      },
      commands: {
        add: (_s, c: { by: number }, on) => persist(on.added(c)).reply((s) => s.n),
      },
    })

  it('is found by the journalled hash; the peer says so, reads wait, and it holds the right state again', () => {
    const notes: string[] = []
    let waits = ''
    let read = ''
    let wrong = NaN
    const run = runSchedule({
      seed: 8,
      peers: 3,
      roles: ({ node }) => [odd(node)],
      settings: { snapshots: small },
      schedule: [],
      workload: { work: work(odd(''), { add: () => ({ by: 1 }) }, { reads: 0 }), clients: 3, pauseMs: 30 },
      forMs: 2_500,
      meanwhile: (cluster) => {
        const cy = cluster.peer('cy')
        expect(cluster.server()).not.toBe('cy')
        cy?.observe((event) => {
          if (event.kind === 'note' && event.event.startsWith('state')) notes.push(event.text)
          if (event.kind !== 'status' || cy.succession.snap.diverged === null || waits !== '') return
          waits = cy.status().waitingFor ?? ''
          cy.read('tally', 2_000, ({ status }) => {
            read = status
            const { n, sum } = cy.roles.state('tally') as { n: number; sum: number }
            wrong = sum - n
          })
        })
      },
    })
    expect(words(run)).toEqual([])
    expect(notes).toEqual([expect.stringMatching(/^The state of the roles after entry \d+ has the hash/)])
    expect(waits).toMatch(/^The state of this peer's roles is not what the journal says since entry \d+: /)
    expect([read, wrong]).toEqual(['ok', 0])
    const sums = run.history.finals.map(({ states }) => states['tally'] as { n: number; sum: number })
    expect(sums.length).toBe(3)
    for (const { n, sum } of sums) expect(sum).toBe(n)
  })
})

describe('the files of a peer that has dropped the beginning of its journal', () => {
  it('can be replayed from its snapshot on', () => {
    const files: Record<string, Uint8Array> = {}
    const run = runSchedule({
      seed: 6,
      peers: 1,
      settings: { snapshots: small },
      schedule: [],
      host: (host) => ({ ...host, disk: copied(host, files) }),
    })
    const core = run.cluster.peer('ann')
    const [known] = run.cluster.witness()
    const replay = replayJournal({ files, roles: known ? [known] : [] })
    expect(replay.from).toBeGreaterThan(100)
    expect(replay.entries.map(({ kind }) => kind)).not.toContain('unknown')
    expect(replay.states).toEqual({ ledger: core?.roles.state('ledger') })
    expect(() => replay.stateAt(1)).toThrow(/goes back to entry \d+, not to 1/)
  })
})

/** Keeps what is in the files, as a copy of the folder would have it. */
function copied(host: Host, files: Record<string, Uint8Array>): Disk {
  const copy = (folder: Folder, name: string, real: DiskFile): DiskFile => {
    const keep = (): void => void (files[name] = real.read(0, real.size).slice())
    return {
      get size() {
        return real.size
      },
      read: (offset, length) => real.read(offset, length),
      write: (offset, bytes) => {
        real.write(offset, bytes)
        if (folder.list().includes(name)) keep()
      },
      truncate: (size) => {
        real.truncate(size)
        keep()
      },
      prepare: (size) => real.prepare(size),
      sync: (done) => real.sync(done),
      close: () => real.close(),
    }
  }
  return {
    openFolder: (path) => {
      const folder = host.disk.openFolder(path)
      return {
        path: folder.path,
        list: () => folder.list(),
        open: (name, mode) => copy(folder, name, folder.open(name, mode)),
        rename: (from, to) => {
          folder.rename(from, to)
          files[to] = files[from] ?? new Uint8Array()
          delete files[from]
        },
        remove: (name) => {
          folder.remove(name)
          delete files[name]
        },
        sync: (done) => folder.sync(done),
        close: () => folder.close(),
      }
    },
  }
}
