import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { describe as inWords } from '@tanist/core/testing'
import { runMachineCase } from '../../src/testing/machines/index.js'
import type { MachineCase } from '../../src/testing/machines/index.js'
import { seedOf, share } from '../sim/campaign.js'
import { runMachineCampaign } from '../soak/campaign.mjs'

/** 20,000 over 3, 5, 7 and 9 peers, and some over even numbers; as many times more as `TANIST_SCHEDULES` asks for. */
const peers = [
  { peers: 2, schedules: share(800) },
  { peers: 3, schedules: share(8_000) },
  { peers: 4, schedules: share(600) },
  { peers: 5, schedules: share(7_000) },
  { peers: 7, schedules: share(3_200) },
  { peers: 9, schedules: share(1_800) },
]
const all = peers.reduce((sum, { schedules }) => sum + schedules, 0)

describe('succession machines', () => {
  const folder = new URL('regressions/', import.meta.url)
  it.each(readdirSync(folder))('hold under what once broke them: %s', (file) => {
    const { why, ...one } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as MachineCase & {
      readonly why: string
    }
    expect(runMachineCase(one).contradictions, why).toEqual([])
  })

  it(`keep every law under ${all} generated schedules, and serve again after healing`, {
    timeout: 120_000 + all * 60,
  }, async () => {
    const { tallies, caught, seconds } = await runMachineCampaign({ peers, seed: seedOf(1), workers: 2 })
    if (caught) {
      const { case: one, contradiction, family, number } = caught
      const words = [`${contradiction.law}: ${contradiction.text}`, ...inWords(one.schedule)].join('\n')
      expect.fail(`family "${family}", number ${number}\n${words}\n${JSON.stringify(one)}`)
    }
    for (const { peers: size, schedules: count } of peers) {
      const tally = tallies.get(size)
      expect(tally?.schedules).toBe(count)
      if (tally === undefined || count < 50) continue
      // A run in which nothing broke and nothing was answered would show nothing.
      expect(tally.faults, `faults, ${size} peers`).toBeGreaterThan(2 * count)
      expect(tally.acknowledged).toBeGreaterThan(20 * count)
      expect(tally.reigns).toBeGreaterThan(1.3 * count)
    }
    console.log(`${all} schedules, ${(all / seconds).toFixed(0)} a second, ${seconds.toFixed(0)} s`)
  })
})
