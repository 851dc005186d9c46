import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { observersOf, subjectsOf } from '../../src/membership/view-index.js'
import { Crowd, memberId } from './crowd.js'

/** Whom a member shall be linked to, told apart from how the machine finds out: either side's wish counts. */
function wished(
  crowd: Crowd,
  at: number,
  hubs: readonly number[],
  keep: readonly number[] = [],
): Set<string> {
  const { index } = crowd.body(at).machine
  const self = memberId(at)
  const all = new Set([...subjectsOf(index, self, 5), ...observersOf(index, self, 5), ...hubs.map(memberId)])
  if (hubs.includes(at)) for (const row of crowd.view) all.add(row.memberId)
  if (keep.includes(at)) for (const k of keep) all.add(memberId(k))
  all.delete(self)
  return all
}

function strays(crowd: Crowd, hubs: readonly number[], keep: readonly number[] = []): string[] {
  return [...crowd.bodies.values()]
    .filter((b) => b.running)
    .flatMap(({ at }) => {
      const [is, should] = [crowd.linked(at), wished(crowd, at, hubs, keep)]
      const missing = [...should].filter((id) => !is.has(id)).length
      const extra = [...is].filter((id) => !should.has(id)).length
      return missing + extra > 0 ? [`m${at} lacks ${missing} and has ${extra} too many`] : []
    })
}

const ofKind = (crowd: Crowd, ...kinds: string[]): string[] =>
  crowd.seen.filter(({ event }) => kinds.includes(event.kind)).map((e) => JSON.stringify(e))

describe('who is linked to whom', () => {
  it.each([17, 18, 40, 200, 1_000])(
    '%i members: each is linked to exactly those that either side wants',
    (size) => {
      const crowd = new Crowd().found(size).run(3_000)
      const keep = [0, 1, 2, 3, 4]
      for (const at of keep)
        crowd.give(crowd.body(at), {
          kind: 'keep',
          members: keep.map(memberId).filter((id) => id !== memberId(at)),
        })
      crowd.run(12_500)
      expect(strays(crowd, [0, 1], keep)).toEqual([])
      expect(ofKind(crowd, 'gone', 'evidence', 'refused')).toEqual([])
      for (const { at, machine } of crowd.bodies.values()) {
        const most = at < 2 ? size - 1 : 2 * 5 + 2 + (at < 5 ? 4 : 0)
        expect(machine.links.size).toBeLessThanOrEqual(most)
      }
    },
  )
})
