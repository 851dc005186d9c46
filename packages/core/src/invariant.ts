/** Thrown when the code contradicts itself. Stays on in production: stopping is better than being wrong. */
export class InvariantError extends Error {
  constructor(text: string) {
    super(`Invariant broken: ${text}`)
    this.name = 'InvariantError'
  }
}

/** Throws `InvariantError` when `condition` is false. */
export function invariant(condition: unknown, text: string): asserts condition {
  if (!condition) throw new InvariantError(text)
}
