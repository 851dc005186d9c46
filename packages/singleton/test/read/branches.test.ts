import { describe, expect, it } from 'vitest'
import { eventStream } from '../../src/event-stream.js'
import { Cluster } from '../../src/testing/index.js'
import type { AnyFollowed, AnyRole, EventPosition } from '../../src/role/index.js'
import { bag, ReadModel, Streams } from './reader.js'

/** Peers that split into two branches, with a reader at each. */
class Office {
  readonly models = new Map<string, ReadModel>()
  readonly streams: Streams
  readonly cluster: Cluster
  #calls = 0

  constructor(seed: number) {
    this.streams = new Streams((node, begun) => {
      const model = this.models.get(node) ?? new ReadModel()
      this.models.set(node, model)
      model.follow(begun)
    })
    this.cluster = new Cluster({
      seed,
      peers: 5,
      roles: [bag],
      settings: { mode: 'available', timing: { availableAfterMs: 2_000 } },
      host: this.streams.host,
      onPeer: this.streams.onPeer,
    })
    this.cluster.startAll()
    this.until(() => this.cluster.settled && this.cluster.seated)
  }

  until(what: () => boolean): void {
    if (!this.cluster.world.runUntil(what, { limitMs: 40_000 }))
      throw new Error(`Never came: ${what.toString()}`)
  }

  put(name: string): string {
    const id = `${name}-${++this.#calls}`
    let ended = ''
    const input = { v: { id, n: 2 } }
    this.cluster
      .peer(name)
      ?.call(
        { role: 'bag', command: 'put', input, deadlineMs: 20_000 },
        ({ status }) => void (ended = status),
      )
    this.until(() => ended === 'ok')
    return id
  }

  model(name: string): ReadModel {
    return this.models.get(name)!
  }

  heal(): void {
    this.cluster.world.healAll()
    const { cluster } = this
    const branches = (): number => new Set(cluster.names.map((n) => cluster.peer(n)?.status().branch)).size
    this.until(() => cluster.settled && branches() === 1)
    cluster.world.run({ forMs: 2_000 })
  }

  /** What a new reader gets behind this position, at once. */
  behind(name: string, after: EventPosition): AnyFollowed[] {
    const items: AnyFollowed[] = []
    const role = bag as unknown as AnyRole
    const stream = eventStream<unknown, typeof bag.events>(this.streams.now.get(name)!, role, { after })
    const subscription = stream.subscribe((item) => items.push(item))
    this.cluster.world.run({ forMs: 500 })
    subscription.unsubscribe()
    return items
  }
}

describe('readers of a branch that lost', () => {
  it('{A, B} | {C, D, E}: begin anew with a state, and the others never notice', () => {
    const office = new Office(3)
    const { cluster } = office
    office.put('ann')
    cluster.world.split(['ann', 'bob'])
    const lost = office.put('ann')
    const kept = office.put('cy')
    const before = office.model('ann').position as EventPosition
    const common = { ...(office.model('cy').position as EventPosition) }
    expect(office.model('ann').model?.all).toContain(`${lost}/1`)
    office.heal()
    for (const name of cluster.names) {
      const model = office.model(name)
      expect(model.faults).toEqual([])
      expect(model.model, name).toEqual(cluster.peer(name)?.roles.state('bag'))
      expect(model.model?.all).toContain(`${kept}/1`)
      expect(model.model?.all).not.toContain(`${lost}/0`)
      expect(model.resets, name).toBe(['ann', 'bob'].includes(name) ? 1 : 0)
    }

    // Whoever comes back later with what it kept of the lost branch is told, too, at any peer.
    for (const name of ['ann', 'dee']) {
      const [first] = office.behind(name, before)
      expect(first).toMatchObject({ kind: 'state', reset: true })
      expect(office.behind(name, common).filter(({ kind }) => kind === 'state')).toEqual([])
    }
  })

  it('a position that nobody ever reached is answered by a state, once this replica holds everything', () => {
    const office = new Office(4)
    office.put('bob')
    const branch = office.cluster.peer('ann')?.status().branch ?? ''
    const items = office.behind('ann', { index: 9_999, n: 0, branch })
    expect(items.map((item) => (item.kind === 'state' ? item.reset : item.kind))).toEqual([true])
  })
})
