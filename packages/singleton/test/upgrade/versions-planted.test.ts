import { afterEach, expect, it, vi } from 'vitest'
import type { StoredEvent } from '../../src/role/bring-up.js'
import type * as bringUp from '../../src/role/bring-up.js'
import type * as build from '../../src/role/build.js'
import type * as writing from '../../src/role/writing.js'
import type { AnyRole } from '../../src/role/index.js'
import { Builds } from '../../src/peer/builds.js'
import { age } from './aging.js'

/*
 * Proof that a run of the ageing role can fail: each test breaks one thing, and the first run must notice. The product
 * itself is not touched.
 */
const planted = vi.hoisted(() => ({ bug: '' }))

vi.mock('../../src/role/bring-up.js', async (original) => {
  const real = await original<typeof bringUp>()
  const first = (event: StoredEvent): boolean => event.type === 'reserved' && event.version === undefined
  return {
    ...real,
    bringUpAll: (of: AnyRole, events: readonly StoredEvent[]) => {
      if (planted.bug === 'a step is passed over' && (of.versions?.['reserved'] ?? 1) > 1)
        return real.bringUpAll(
          of,
          events.map((event) => (first(event) ? { ...event, version: 2 } : event)),
        )
      if (planted.bug === 'former names are not read') {
        const { renamed: _, ...rest } = of
        return real.bringUpAll(rest, events)
      }
      return real.bringUpAll(of, events)
    },
    bringUpState: (of: AnyRole, state: unknown, version: number) =>
      planted.bug === 'a state is taken as it is' ? state : real.bringUpState(of, state, version),
  }
})

vi.mock('../../src/role/build.js', async (original) => {
  const real = await original<typeof build>()
  return {
    ...real,
    shapeOf: (roles: readonly AnyRole[]) =>
      planted.bug === 'states of two shapes are compared' ? '' : real.shapeOf(roles),
  }
})

vi.mock('../../src/role/writing.js', async (original) => {
  const real = await original<typeof writing>()
  return {
    ...real,
    writeEvents: (...[of, events, readers]: Parameters<typeof real.writeEvents>): writing.Written => {
      const written = real.writeEvents(of, events, readers)
      if (written.kind !== 'written') return written
      const { pairs, decoded } = written.events
      if (planted.bug === 'versions are not journalled')
        return { ...written, events: { decoded, pairs: pairs.map(([type, payload]) => [type, payload]) } }
      if (planted.bug === 'nothing is brought down') {
        const full = real.writeEvents(of, events)
        const today = full.kind === 'written' ? full.events.pairs : []
        const mixed = pairs.map(([type, payload, version], i) => {
          const form = today[i]?.[1] ?? payload
          return version === undefined ? ([type, form] as const) : ([type, form, version] as const)
        })
        return { ...written, events: { decoded, pairs: mixed } }
      }
      return written
    },
  }
})

afterEach(() => {
  planted.bug = ''
  vi.restoreAllMocks()
})

it.each<[string, RegExp]>([
  ['a step is passed over', /another state than the journal gives|cannot take|diverged/],
  ['former names are not read', /has no event 'settled'/],
  ['a state is taken as it is', /another state than the journal gives|cannot take|diverged/],
  ['states of two shapes are compared', /state-diverged/],
  ['versions are not journalled', /another state than the journal gives|cannot take|diverged/],
  ['nothing is brought down', /another state than the journal gives|cannot take|diverged/],
])('is noticed: %s', (bug, by) => {
  planted.bug = bug
  expect(age({ seed: 1, peers: 3, way: 'up' }).problems.join('\n')).toMatch(by)
})

it('is noticed: nobody asks what the voters can read', () => {
  vi.spyOn(Builds.prototype, 'readers').mockReturnValue([])
  expect(age({ seed: 1, peers: 3, way: 'up' }).problems.join('\n')).toMatch(/is of version \d, and this build/)
})
