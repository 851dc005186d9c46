// Folders of one package that need each other, directly or through others, are one folder in disguise.

/** Takes `{ from, to, file, line }`, one per import between two folders; gives a problem for each in a circle. */
export function findCircles(edges) {
  const next = new Map()
  for (const { from, to } of edges) next.set(from, (next.get(from) ?? new Set()).add(to))
  const reaches = (start, goal) => {
    const seen = new Set()
    const open = [start]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === goal) return true
      if (seen.has(at)) continue
      seen.add(at)
      open.push(...(next.get(at) ?? []))
    }
    return false
  }
  return edges
    .filter(({ from, to }) => reaches(to, from))
    .map(({ from, to, file, line }) => ({
      file,
      line,
      text: `closes a circle: ${from} imports ${to}, and ${to} needs ${from} in turn.`,
    }))
}
