import { expect } from 'vitest'
import { Cluster, ledgerWorkload, Workload } from '../../src/testing/index.js'
import type { ClusterOptions } from '../../src/testing/index.js'
import type { Member } from '../../src/peer/index.js'
import { contradictionsIn } from '../sim/contradictions.js'

/** A cluster at work, and what its peers noted. */
export class Office {
  readonly cluster: Cluster
  readonly workload: Workload
  readonly notes: {
    readonly node: string
    readonly atMs: number
    readonly event: string
    readonly text: string
  }[] = []

  constructor(options: ClusterOptions, start: readonly string[] | null = null) {
    this.cluster = new Cluster({
      ...options,
      onPeer: (node, core) =>
        core.observe((event) => {
          if (event.kind !== 'note') return
          const { nowMs } = this.cluster.world
          this.notes.push({ node, atMs: nowMs, event: event.event, text: event.text })
        }),
    })
    const { cluster } = this
    for (const name of start ?? cluster.names) cluster.start(name)
    expect(
      cluster.world.runUntil(() => cluster.settled && cluster.voters.length >= 3, { limitMs: 10_000 }),
    ).toBe(true)
    this.workload = new Workload(cluster, options.seed, ledgerWorkload(2, 100))
    this.workload.start()
    cluster.world.run({ forMs: 500 })
  }

  get server(): string {
    return this.cluster.server() ?? ''
  }

  get followers(): string[] {
    return this.cluster.names.filter((name) => name !== this.server && this.cluster.isRunning(name))
  }

  run(forMs: number): this {
    this.cluster.world.run({ forMs })
    return this
  }

  members(of: string): readonly Member[] {
    return this.cluster.peer(of)?.status().members ?? []
  }

  row(of: string, about: string): Member | undefined {
    return this.members(of).find(({ name }) => name === about)
  }

  events(node: string, fromMs: number): string[] {
    return this.notes.filter((one) => one.node === node && one.atMs >= fromMs).map(({ event }) => event)
  }

  /** Everybody is there again, and nothing that was promised was broken; but for those that had to end. */
  end(copies: readonly string[] = []): void {
    const { cluster, workload } = this
    workload.stop()
    const done = (): boolean => workload.pending.length === 0 && cluster.settled
    expect(cluster.world.runUntil(done, { limitMs: 20_000 })).toBe(true)
    expect(workload.operations.length).toBeGreaterThan(10)
    const ended = (law: string, text: string): boolean =>
      law === 'ends' && copies.some((name) => text.startsWith(`${name} `))
    const found = contradictionsIn(cluster, workload).filter(({ law, text }) => !ended(law, text))
    expect(found).toEqual([])
  }
}
