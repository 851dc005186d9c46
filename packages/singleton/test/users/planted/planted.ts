import type { CampaignOptions, ClusterTally } from '../../../src/testing/property/index.js'

/** What the hunts have in common: budgets, and what may go wrong. */
export type Common = Pick<
  CampaignOptions,
  'peers' | 'runs' | 'seed' | 'limitMs' | 'shrink' | 'reports' | 'forMs' | 'schedules' | 'replay'
>

/** A mistake as an application team would plausibly make it, with the law that they would write. */
export interface Planted {
  /** What is wrong, in a few words. */
  readonly bug: string
  /** Laws of which one must be named as broken. */
  readonly laws: readonly string[]
  /** What the author would do about it, in a few words. */
  readonly cure: string
  /** Runs the role as it is, or cured: then the same laws hold. */
  readonly hunt: (common: Common, cured: boolean) => Promise<ClusterTally>
}
