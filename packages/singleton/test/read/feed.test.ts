import { describe, expect, it } from 'vitest'
import type { Entry } from '@tanist/core'
import { Feed } from '../../src/peer/feed.js'
import type { FeedSource } from '../../src/peer/feed.js'
import { createRoleHost, decodeEntry } from '../../src/role/index.js'
import type { AnyFollowed, AnyRole, EventPosition } from '../../src/role/index.js'
import { EntryKind } from '../../src/succession/index.js'
import { counter } from '../join/office.js'
import { bag } from './reader.js'

const role = bag as unknown as AnyRole

/** A journal as a server makes it: each command puts so many events, and `null` is an entry of nobody's. */
class Journal implements FeedSource {
  applied = 0
  firstIndex = 1
  diverged = false
  broken: string | undefined = undefined
  branch = 'oak'
  reads = 0
  readonly entries: Entry[] = []
  readonly host = createRoleHost([role, counter])

  constructor(...puts: readonly (number | null | 'other')[]) {
    this.host.beginReign()
    for (const n of puts) this.add(n)
  }

  add(n: number | null | 'other', commit: boolean = true): void {
    const index = this.entries.length + 1
    if (n === null)
      this.entries.push({ index, term: 1, kind: EntryKind.checkpoint, payload: new Uint8Array() })
    else {
      const [name, command, input] =
        n === 'other' ? ['counter', 'add', { by: 1 }] : ['bag', 'put', { id: `e${index}`, n }]
      const decided = this.host.decide(
        {
          session: 's',
          seq: index,
          floor: 0,
          role: name,
          command,
          input: { v: input },
          caller: { level: 'member' },
        },
        { index, term: 1, atMs: 1_000 + index, branch: 'oak' },
      )
      if (decided.kind !== 'append') throw new Error(JSON.stringify(decided))
      this.entries.push({ index, term: 1, kind: EntryKind.command, payload: decided.payload })
    }
    if (commit) this.commit()
  }

  commit(): void {
    for (const entry of this.entries.slice(this.applied)) {
      if (entry.kind === EntryKind.command) this.host.apply(entry)
      this.applied = entry.index
    }
  }

  read(from: number): readonly Entry[] {
    this.reads += 1
    if (from < this.firstIndex) throw new Error(`read at ${from}, and it begins at ${this.firstIndex}`)
    // In pieces of three.
    return this.entries.slice(from - 1, from + 2)
  }

  branchAt(): string {
    return this.branch
  }

  state(name: string): unknown {
    return this.host.state(name)
  }

  failure(): string | undefined {
    return this.broken
  }
}

function all(feed: Feed): AnyFollowed[] {
  const items: AnyFollowed[] = []
  for (let piece = feed.pull(); piece.length > 0; piece = feed.pull()) items.push(...piece)
  return items
}

const short = (items: readonly AnyFollowed[]): string[] =>
  items.map((item) =>
    item.kind === 'event'
      ? `${item.position.index}.${item.position.n} ${(item.payload as { id: string }).id}`
      : `state at ${item.position.index}${item.reset ? ', reset' : ''}`,
  )

const feedOf = (source: FeedSource, after: 'now' | EventPosition): Feed => new Feed(role, source, after)

describe('a feed of events', () => {
  it('begins with the state now, and then gives what is committed behind it', () => {
    const journal = new Journal(2, null, 1)
    const feed = feedOf(journal, 'now')
    expect(short(all(feed))).toEqual(['state at 3'])
    journal.add(2)
    journal.add('other')
    journal.add(1, false)
    expect(short(all(feed))).toEqual(['4.0 e4/0', '4.1 e4/1'])
    journal.commit()
    expect(short(all(feed))).toEqual(['6.0 e6/0'])
  })

  it('gives each event with its place, its time and its term', () => {
    const journal = new Journal(null, 1)
    expect(all(feedOf(journal, { index: 0 }))).toEqual([
      {
        kind: 'event',
        type: 'put',
        payload: { id: 'e2/0' },
        position: { index: 2, n: 0, branch: 'oak' },
        at: 1_002,
        term: 1,
      },
    ])
  })

  it('goes on behind any position that an item had, with nothing lost and nothing twice', () => {
    const journal = new Journal(3, 'other', 2, null, 1, 0, 4)
    const items = all(feedOf(journal, { index: 0 }))
    expect(items).toHaveLength(10)
    for (const [at, { position }] of items.entries()) {
      const rest = all(feedOf(journal, JSON.parse(JSON.stringify(position)) as EventPosition))
      expect(short(rest)).toEqual(short(items.slice(at + 1)))
    }
  })

  it('gives a state for what the journal no longer holds', () => {
    const journal = new Journal(1, 1, 1, 1, 1)
    journal.firstIndex = 4
    const feed = feedOf(journal, { index: 1, n: 0 })
    expect(short(all(feed))).toEqual(['state at 5'])
    journal.add(1)
    expect(short(all(feed))).toEqual(['6.0 e6/0'])
    expect(short(all(feedOf(journal, { index: 3 })))).toEqual(['4.0 e4/0', '5.0 e5/0', '6.0 e6/0'])
  })

  it('gives a state when a snapshot was installed over what it had not read', () => {
    const [journal, other] = [new Journal(1, 1), new Journal(1, 1, 1, 1, 1, 1)]
    const feed = feedOf(journal, 'now')
    all(feed)
    other.firstIndex = 7
    feed.bind(other)
    expect(short(all(feed))).toEqual(['state at 6'])
  })

  it('gives a state with reset for a position on another branch', () => {
    const journal = new Journal(1, 1)
    const lost = { index: 1, n: 0, branch: 'elm' }
    expect(short(all(feedOf(journal, lost)))).toEqual(['state at 2, reset'])
    expect(short(all(feedOf(journal, { ...lost, branch: 'oak' })))).toEqual(['2.0 e2/0'])
  })

  it('waits at a position that this replica has not reached, and says so', () => {
    const journal = new Journal(1)
    const feed = feedOf(journal, { index: 2, n: 0, branch: 'oak' })
    expect([feed.isAhead, all(feed)]).toEqual([true, []])
    journal.add(2)
    expect([feed.isAhead, short(all(feed))]).toEqual([false, ['2.1 e2/1']])
  })

  it('gives no state that is known to be wrong, and a right one once it is there', () => {
    const journal = new Journal(1, 1)
    const feed = feedOf(journal, 'now')
    journal.diverged = true
    expect(all(feed)).toEqual([])
    journal.diverged = false
    expect(short(all(feed))).toEqual(['state at 2'])
    journal.diverged = true
    journal.add(1)
    expect(short(all(feed))).toEqual(['3.0 e3/0'])
    journal.diverged = false
    expect(short(all(feed))).toEqual(['state at 3'])
  })

  it('ends with a sentence that says where, when this build does not know an event', () => {
    const journal = new Journal(1, 1)
    const older = { ...role, events: {} }
    const feed = new Feed(older, journal, { index: 1 })
    expect(() => feed.pull()).toThrow(
      "The events of the role 'bag' cannot be read on from index 2, term 1: the role 'bag' has no event 'put'",
    )
    journal.broken = 'bag has failed'
    expect(() => feedOf(journal, 'now').pull()).toThrow('bag has failed')
  })

  it('reads no more than a piece at a time, and nothing when it has everything', () => {
    const journal = new Journal(...Array.from({ length: 30 }, () => 1))
    const feed = feedOf(journal, { index: 0 })
    expect(feed.pull()).toHaveLength(3)
    expect(journal.reads).toBe(1)
    all(feed)
    const { reads } = journal
    feed.pull()
    expect(journal.reads).toBe(reads)
    expect(decodeEntry(journal.entries[0]!.payload).events).toHaveLength(1)
  })
})
