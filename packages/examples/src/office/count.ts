export interface Count {
  readonly acknowledged: number
  /** Acknowledged notes that are missing on at least one peer. */
  readonly lost: number
  /** Notes that are on some peer more than once. */
  readonly doubled: number
  /** A sentence for each of the first few. */
  readonly findings: readonly string[]
}

const FINDINGS = 10

/** Compares what was acknowledged with the notes' texts as read from each peer, by the peer's name. */
export function count(
  acknowledged: ReadonlySet<string>,
  boards: ReadonlyMap<string, readonly string[]>,
): Count {
  if (boards.size === 0) throw new RangeError('No board was read, so nothing can be said.')
  const lost = new Set<string>()
  const doubled = new Set<string>()
  const findings: string[] = []
  for (const [name, texts] of boards) {
    const seen = new Set<string>()
    for (const text of texts) {
      if (seen.has(text)) {
        doubled.add(text)
        findings.push(`"${text}" is on the board of ${name} more than once.`)
      }
      seen.add(text)
    }
    for (const text of acknowledged) {
      if (seen.has(text)) continue
      lost.add(text)
      findings.push(`"${text}" was acknowledged and is not on the board of ${name}.`)
    }
  }
  return {
    acknowledged: acknowledged.size,
    lost: lost.size,
    doubled: doubled.size,
    findings: findings.slice(0, FINDINGS),
  }
}
