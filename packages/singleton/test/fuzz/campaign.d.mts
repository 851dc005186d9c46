export interface FuzzTally {
  readonly name: string
  readonly inputs: number
  readonly refused: number
  readonly slowestMs: number
  readonly finding: { readonly error: Error; readonly input: string | null } | null
}

export interface FuzzTarget {
  readonly name: string
  readonly share: number
  open(seed: string): unknown
}

export declare class Finding extends Error {
  constructor(kind: string, text: string, cause?: unknown)
}

export declare function runTarget(
  target: FuzzTarget,
  options: { readonly inputs: number; readonly seed: number | string; readonly untilMs?: number },
): Promise<FuzzTally>
