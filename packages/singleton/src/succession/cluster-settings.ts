import type { Mode } from './entries.js'
import { defaultTiming } from './timing.js'
import type { Timing } from './timing.js'

/**
 * What the rules of succession rest on at every peer alike (rule 24): written down when the cluster is founded. A
 * peer with other values would break a promise that it never gave.
 */
export interface ClusterSettings {
  readonly mode: Mode
  readonly minCopies: number
  readonly soloMs: number
  readonly marginMs: number
  readonly silenceMinMs: number
  readonly silenceMaxMs: number
  readonly driftRatio: number
  readonly leaseMarginMs: number
}

export function clusterSettings(config: {
  readonly mode: Mode
  readonly timing: Timing
  readonly minCopies?: number
}): ClusterSettings {
  const { soloMs, marginMs, silenceMinMs, silenceMaxMs, driftRatio, leaseMarginMs } = config.timing
  const { mode, minCopies = 1 } = config
  return { mode, minCopies, soloMs, marginMs, silenceMinMs, silenceMaxMs, driftRatio, leaseMarginMs }
}

/** The settings of a cluster by its founding; those of 0.1 did not write them down. */
export function settingsAtFounding(founding: {
  readonly mode: Mode
  readonly settings?: ClusterSettings
}): ClusterSettings {
  return founding.settings ?? clusterSettings({ mode: founding.mode, timing: defaultTiming })
}

/** As they are told in a hello, by the names of options; the mode has a place of its own there. */
export function settingsInHello(settings: ClusterSettings): Record<string, number> {
  const { mode: _, minCopies, ...timing } = settings
  const named = Object.entries(timing).map(([key, value]) => [`timing.${key}`, value] as const)
  return { minCopies, ...Object.fromEntries(named) }
}

/** The first setting that differs, in a sentence for the peer that comes with it; null when none does. */
export function differenceFrom(cluster: ClusterSettings, own: ClusterSettings): string | null {
  for (const key of Object.keys(own) as (keyof ClusterSettings)[]) {
    if (own[key] === cluster[key]) continue
    const option = key === 'mode' || key === 'minCopies' ? key : `timing.${key}`
    return `the cluster was founded with ${option} ${JSON.stringify(cluster[key])}; start this peer with the same value, not ${JSON.stringify(own[key])}`
  }
  return null
}
