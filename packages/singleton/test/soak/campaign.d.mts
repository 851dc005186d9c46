import type { Catch, PortionTally } from '../../src/testing/machines/index.js'

export interface MachineCampaign {
  readonly peers: readonly { readonly peers: number; readonly schedules: number }[]
  readonly seed: number
  /** Processes side by side. */
  readonly workers: number
  /** By `performance.now()`. */
  readonly untilMs?: number
  readonly progress?: (tallies: ReadonlyMap<number, PortionTally>, seconds: number) => void
}

export function runMachineCampaign(campaign: MachineCampaign): Promise<{
  /** By number of peers. */
  readonly tallies: ReadonlyMap<number, PortionTally>
  readonly caught: (Catch & { readonly family: string }) | null
  readonly seconds: number
}>
