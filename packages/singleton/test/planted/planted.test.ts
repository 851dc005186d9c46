import { afterAll, describe, expect, it } from 'vitest'
import { bugs } from './bugs.js'
import type { Bug } from './bugs.js'
import { callOff, hunt, occurrences, sideBySide } from './hunting.js'
import type { Result } from './hunting.js'

const SEED = 1
const LIMIT = { timeout: 300_000 }

/** A core each; the children alone use them. */
const one = sideBySide<Result>(2)

/** The bug and the code as it is run the same schedules: the family, the peers and the seed make them. */
const quarryOf = ({ world, family, peers, laws, budget }: Bug, count = budget) => ({
  world,
  family,
  peers,
  seed: SEED,
  count,
  ...(laws && { laws }),
})

const rows: string[] = []

afterAll(() => {
  callOff()
  console.log(['schedule  law     faults  seconds  bug', ...rows].join('\n'))
})

describe('each planted bug', () => {
  it.each(bugs)('stands in the code: $name', (bug) => {
    for (const edit of [bug, ...(bug.also ?? [])]) {
      const found = occurrences(edit)
      const where = `"${edit.find}" in ${edit.file}: `
      expect(found.source, `${where}the rule is written otherwise now; say it so in bugs.ts`).toBe(1)
      expect(found.compiled, `${where}build before testing`).toBe(1)
    }
  })

  const needed = new Map<string, { readonly bug: Bug; count: number }>()

  for (const bug of bugs) {
    it.concurrent(`is found: ${bug.name} (rule ${bug.rule}, ${bug.budget} schedules)`, LIMIT, async () => {
      const result = await one(() => hunt(bug, quarryOf(bug)))
      const { number, law = '', text, faults, ms } = result
      expect(number, `not found by ${bug.budget} schedules`).not.toBeNull()
      const count = (number ?? 0) + 1
      const columns = [`${count} of ${bug.budget}`.padEnd(14), law.padEnd(7), `${faults}`.padEnd(3)]
      rows.push(`${columns.join(' ')} ${(ms / 1_000).toFixed(1).padStart(5)} s  ${bug.name}\n    ${text}`)
      const key = `${bug.world}, ${bug.peers} peers, ${bug.family}`
      const known = needed.get(key)
      if (known === undefined || known.count < count) needed.set(key, { bug, count })
    })
  }

  it('is not there without being planted: the same schedules hold', LIMIT, async () => {
    expect(needed.size).toBeGreaterThan(0)
    await Promise.all(
      [...needed].map(async ([key, { bug, count }]) => {
        const { laws, ...all } = quarryOf(bug, count)
        const some = bug.beyond && laws ? { laws } : {}
        const { number, law, text } = await one(() => hunt(null, { ...all, ...some }))
        expect(number, `${key}, schedule ${number}: ${law} ${text}`).toBeNull()
      }),
    )
  })
})
