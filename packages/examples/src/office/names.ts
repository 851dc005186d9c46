const NAMES: readonly string[] = [
  'ada',
  'ben',
  'cleo',
  'dora',
  'emil',
  'fay',
  'gus',
  'hana',
  'ivo',
  'june',
  'karl',
  'lena',
  'milo',
  'nora',
  'otto',
  'pia',
]

/** A first name that nobody has had in this office; they start again with a number when all are used up. */
export function nextName(taken: ReadonlySet<string>): string {
  for (let round = 1; ; round++) {
    for (const name of NAMES) {
      const numbered = round === 1 ? name : `${name}-${round}`
      if (!taken.has(numbered)) return numbered
    }
  }
}
