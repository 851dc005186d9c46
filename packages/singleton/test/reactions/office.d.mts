import type { Schedule } from '@tanist/core/testing'

export interface Case {
  readonly seed: number
  readonly peers: number
  readonly schedule: Schedule
}

export interface Story {
  /** What contradicts the promises, as `LAW: sentence`. */
  readonly wrong: readonly string[]
  readonly orders: number
  readonly runs: number
  /** Runs of a reaction after its first one. */
  readonly repeated: number
  readonly due: number
  readonly parked: number
  readonly reigns: number
}

/** What schedules of the office are drawn from. */
export const shape: {
  readonly forMs: number
  readonly maxFaults: number
  readonly kinds: readonly (
    | 'act'
    | 'clock-jump'
    | 'crash'
    | 'cut'
    | 'loss'
    | 'pause'
    | 'power-off'
    | 'restart'
    | 'split'
  )[]
  readonly moments: readonly string[]
  readonly acts: readonly string[]
}

/** Roles with reactions and due commands, and a mail service outside, while the schedule breaks things. */
export function runOffice(one: Case): Promise<Story>
