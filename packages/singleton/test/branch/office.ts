import type { Folder } from '@tanist/core'
import { expect } from 'vitest'
import { Cluster } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import { BranchWatch } from '../../src/testing/branch-watch.js'
import { commandIn } from '../../src/peer/aside.js'
import type { PeerCore } from '../../src/peer/index.js'
import type { CallOutcome } from '../../src/role/index.js'

/** A cluster whose branches are watched, and a hand to call it. */
export class Office {
  readonly watch: BranchWatch = new BranchWatch()
  readonly cluster: Cluster
  #calls = 0

  constructor(options: ClusterOptions) {
    this.cluster = new Cluster({ ...options, onPeer: (node, core) => this.watch.watch(node, core) })
  }

  core(name: string): PeerCore {
    const core = this.cluster.peer(name)
    if (core === null) throw new Error(`${name} does not run`)
    return core
  }

  until(what: () => boolean, limitMs = 20_000): void {
    const { cluster } = this
    if (cluster.world.runUntil(what, { limitMs })) return
    const lines = cluster.names.map((name) => {
      const status = cluster.peer(name)?.status()
      return `${name}: ${status ? `${status.role} of ${status.branch?.slice(0, 6)} term ${status.term} ${status.commitIndex}/${status.lastIndex} server ${status.server?.name ?? 'nobody'}, ${status.waitingFor}, members ${status.members.map((m) => m.name + (m.voter ? '*' : '')).join()}` : 'down'}`
    })
    throw new Error(`Never came: ${what.toString()}\n${lines.join('\n')}`)
  }

  settle(limitMs = 30_000): void {
    this.until(() => this.cluster.settled, limitMs)
  }

  run(forMs: number): void {
    this.cluster.world.run({ forMs })
  }

  /** Calls the ledger at a peer; what comes of it is noted. */
  ask(name: string, deadlineMs = 2_000): { readonly id: string; outcome: CallOutcome | null } {
    this.#calls += 1
    const id = `test-${name}-${this.#calls}:1`
    const [session = '', seq] = id.split(':')
    const call: { readonly id: string; outcome: CallOutcome | null } = { id, outcome: null }
    const input = { v: { id } }
    this.core(name).call(
      { role: 'ledger', command: 'add', input, id: { session, seq: Number(seq) }, deadlineMs },
      (outcome) => {
        call.outcome = outcome
        if (outcome.status !== 'unavailable') this.watch.acknowledged(id, this.cluster.world.nowMs)
      },
    )
    return call
  }

  /** Ends once it is acknowledged. */
  add(name: string): string {
    const call = this.ask(name, 20_000)
    this.until(() => call.outcome !== null)
    expect(call.outcome?.status).toBe('ok')
    return call.id
  }

  /** Ids of the commands in the journal of this peer. */
  ids(name: string): Set<string> {
    const { log } = this.core(name).succession.config
    const ids = new Set<string>()
    for (let at = log.firstIndex; at <= log.lastIndex; ) {
      const entries = log.read(at, 1 << 20)
      at += entries.length
      for (const entry of entries) {
        const command = commandIn(entry)
        if (command) ids.add(`${command.session}:${command.seq}`)
      }
    }
    return ids
  }

  /** The data folder, as a tool would look at it while the peer runs. */
  folder(name: string): Folder {
    const disk = this.cluster.world.disk(name)
    const prefix = '/data/'
    return {
      path: '/data',
      list: () =>
        disk
          .files()
          .filter((path) => path.startsWith(prefix))
          .map((path) => path.slice(prefix.length)),
      open: (file) => {
        const bytes = disk.content(prefix + file)
        return {
          size: bytes.length,
          read: (offset, length) => bytes.subarray(offset, offset + length),
          write: () => {},
          truncate: () => {},
          prepare: () => {},
          sync: () => {},
          close: () => {},
        }
      },
      rename: () => {},
      remove: () => {},
      sync: () => {},
      close: () => {},
    }
  }

  setAside(name: string): string[] {
    return this.core(name)
      .status()
      .setAside.map(({ file }) => file)
  }

  branchOf(name: string): string {
    return this.core(name).status().branch ?? ''
  }

  /** All laws of branches; `name` runs on the branch that went on. */
  judge(name: string): void {
    const { cluster, watch } = this
    const folders = cluster.names.map((one) => this.folder(one))
    expect(watch.judge(this.ids(name), folders)).toEqual([])
    expect(cluster.ended).toEqual([])
  }
}
