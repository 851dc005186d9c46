/** The value below which `share` of the numbers lie. */
export function percentile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export const median = (numbers) => percentile(numbers, 0.5)

/** Median with the least and the greatest. */
export function summary(numbers) {
  return {
    median: median(numbers),
    least: Math.min(...numbers),
    most: Math.max(...numbers),
    n: numbers.length,
  }
}

/** Three digits, and no more than mean something. */
export function short(value) {
  if (!Number.isFinite(value)) return '-'
  if (Math.abs(value) >= 1_000_000) return `${(value / 1_000_000).toFixed(2)} M`
  if (Math.abs(value) >= 10_000) return `${(value / 1_000).toFixed(1)} k`
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export const spread = ({ median: middle, least, most, n }, unit) =>
  `${short(middle)} ${unit}`.padEnd(12) + ` [${short(least)} to ${short(most)}, n ${n}]`
