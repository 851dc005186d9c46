import type { LargeTimings, MembershipConfig } from '../../membership/index.js'

/** How the network between members behaves. Links are TCP's: in order, and what is lost comes later. */
export interface FleetNetwork {
  /** One way, in milliseconds, by chance for each pair and way. Default `[0.2, 1]`. */
  readonly latencyMs?: readonly [min: number, max: number]
  /** Share of frames that are lost and sent again, after 200 ms, then twice as long each time. Default 0. */
  readonly loss?: number
  /** What a frame costs its sender: of many sent at once the last leaves so much later. Default 0.01 ms. */
  readonly frameMs?: number
}

export interface FleetOptions extends FleetNetwork {
  readonly seed: number | string
  /** Members at the start, all of them in the view. */
  readonly size: number
  /** Further members that are not started, for `boot`. Default 0. */
  readonly spare?: number
  /** Timings of the machines, where they differ from the defaults. */
  readonly timings?: Partial<
    Pick<MembershipConfig, 'beatMs' | 'silenceMs' | 'removeMs' | 'helloMs' | 'evidence'>
  >
  readonly large?: Partial<LargeTimings>
  /**
   * How a new view gets to the members: by the hubs' own machines, or, as if a journal were replicated, from the
   * leader to each that it reaches. Default `journal`.
   */
  readonly views?: 'hubs' | 'journal'
}

/** What one member sent while the meter ran: frames, and the bytes of their JSON and of TCP's headers. */
export interface Load {
  frames: number
  bytes: number
}

/** One removal from the view, and what was true of that process at that moment. */
export interface Removal {
  readonly atMs: number
  readonly member: number
  readonly incarnation: number
  /**
   * `dead`: it had ended. `paused`: it was, or had woken less than a second ago. `cut off`: the leader and all whom the
   * leader reaches could not reach it, or could not until lately (also when it paused right then): what is lost is sent
   * again after seconds.
   */
  readonly truth: 'dead' | 'paused' | 'cut off' | 'alive'
  /** How long it had been dead, or was paused; NaN otherwise. */
  readonly forMs: number
  readonly text: string
}
