export interface Kills {
  readonly nodes: number
  readonly runs: number
  /** Seconds until the first, and until the last of the others called it dead. */
  readonly first: number[]
  readonly last: number[]
}
export function kills(nodes: number, runs: number): Kills
export function median(values: readonly number[]): number
