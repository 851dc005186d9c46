import { describe, expect, it } from 'vitest'
import { Finding, runTarget } from './campaign.mjs'
import { targets } from './targets/index.mjs'

/** A sample of `npm run fuzz`: the same inputs each time. */
const INPUTS = 25_000

describe('hostile inputs', () => {
  const shares = targets.reduce((sum, { share }) => sum + share, 0)
  it.each(targets.map((target) => [target.name, target] as const))(
    '%s: nothing breaks, stalls, grows or changes',
    { timeout: 60_000 },
    async (_name, target) => {
      const inputs = Math.ceil((INPUTS * target.share) / shares)
      const { finding, ...tally } = await runTarget(target, { inputs, seed: 1 })
      expect(finding).toBeNull()
      expect(tally.inputs).toBe(inputs)
      // Else it was no mutation of anything valid, or nobody looked at it; on a socket silence is an answer, too.
      if (target.name !== 'listener') expect(tally.refused).toBeGreaterThan(inputs / 100)
      expect(tally.refused).toBeLessThanOrEqual(inputs)
    },
  )
})

describe('the campaign', () => {
  const target = (take: () => unknown) => ({
    name: 'planted',
    share: 1,
    open: () => ({ draw: () => ({}), take }),
  })
  const findingOf = async (take: () => unknown) =>
    (await runTarget(target(take), { inputs: 3, seed: 1 })).finding?.error.message

  it('finds an exception, a rejection that nobody handles, a stall, and what a target itself finds', async () => {
    expect(await findingOf(() => JSON.parse('{'))).toMatch(/^exception: SyntaxError/)
    expect(await findingOf(() => void Promise.reject(new Error('lost')))).toMatch(/^uncaught: Error: lost/)
    const spin = () => {
      for (const from = process.cpuUsage(); process.cpuUsage(from).user < 120_000; );
    }
    expect(await findingOf(spin)).toMatch(/^stall: \d+ ms for one input/)
    const changed = (): never => {
      throw new Finding('state', 'it changed')
    }
    expect(await findingOf(changed)).toBe('state: it changed')
    expect(await findingOf(() => 'refused')).toBeUndefined()
  })

  it('does not take the first slow step of a busy machine for a stall', async () => {
    let first = true
    const slowOnce = () => {
      if (!first) return
      first = false
      for (const from = process.cpuUsage(); process.cpuUsage(from).user < 120_000; );
    }
    expect(await findingOf(slowOnce)).toBeUndefined()
  })
})
