import { expect } from 'vitest'
import { toEncoded } from '../../src/role/index.js'
import type { LinkStatus } from '../../src/index.js'
import type { PeerCore } from '../../src/peer/index.js'
import { Cluster, ledger, ledgerWorkload, Workload } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import { contradictionsIn } from '../sim/contradictions.js'

/** A simulated office with links that fail one by one. */
export class Office {
  readonly cluster: Cluster
  readonly workload: Workload

  constructor(options: ClusterOptions) {
    this.cluster = new Cluster(options)
    this.cluster.startAll()
    const { cluster } = this
    const formed = (): boolean => cluster.settled && cluster.seated
    expect(cluster.world.runUntil(formed, { limitMs: 10_000 })).toBe(true)
    this.workload = new Workload(cluster, options.seed, ledgerWorkload(1, 400))
    this.workload.start()
    this.run(2_000)
  }

  run(forMs: number): void {
    this.cluster.world.run({ forMs })
  }

  core(name: string): PeerCore {
    const core = this.cluster.peer(name)
    if (core === null) throw new Error(`no peer runs on ${name}`)
    return core
  }

  /** What `at` says of its links that are not in order: `ann-bob bad via cy`. */
  troubles(at: string): string[] {
    return this.core(at)
      .status()
      .links.filter(({ state }) => state !== 'ok')
      .map(words)
      .toSorted()
  }

  /** A call and a read of everything acknowledged, both begun on this peer now; what they end as. */
  useFrom(name: string): { call: string; read: string } {
    const core = this.core(name)
    const used = { call: 'open', read: 'open' }
    const request = {
      role: ledger.name,
      command: 'refuseMe',
      input: toEncoded({ id: name }),
      deadlineMs: 1_500,
    }
    core.call(request, (outcome) => (used.call = outcome.status))
    core.read(ledger.name, 1_500, (outcome) => (used.read = outcome.status))
    return used
  }

  view(): string {
    const server = this.cluster.server()
    return server === null ? 'nobody serves' : viewOf(this.core(server))
  }

  /** Everything is healed: all laws hold, and everybody is linked again. */
  close(): void {
    const { cluster, workload } = this
    workload.stop()
    const done = (): boolean => workload.pending.length === 0 && cluster.settled
    expect(cluster.world.runUntil(done, { limitMs: 20_000 })).toBe(true)
    expect(contradictionsIn(cluster, workload)).toEqual([])
  }
}

function viewOf(core: PeerCore): string {
  const rows = core
    .status()
    .members.map(({ name, incarnation, seniority }) => `${name}${incarnation}.${seniority}`)
  return rows.join(' ')
}

function words({ from, to, state, via }: LinkStatus): string {
  return `${from.name}-${to.name} ${state}${via ? ` via ${via.name}` : ''}`
}
