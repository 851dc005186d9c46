/** A number with as many digits as mean something. */
export function round(value) {
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(2)} M`
  if (value >= 10_000) return `${Math.round(value / 1_000)} k`
  return value >= 100 ? `${Math.round(value)}` : value.toFixed(1)
}

const line = (name, value, target, verdict, note) =>
  console.log(
    `${name.padEnd(52)}${value.padStart(18)}  ${target.padEnd(8)}${verdict.padEnd(13)}${note}`.trimEnd(),
  )

/** Prints a row as soon as it is known: `{ name, value, unit, target, note }`, a null target is none. */
export function tablePrinter() {
  line('', 'measured', 'target', '', '')
  return ({ name, value, unit, target, note = '' }) => {
    const verdict = target === null ? '' : value >= target ? 'reached' : 'not reached'
    line(name, `${round(value)} ${unit}`, target === null ? '' : round(target), verdict, note)
  }
}

/** The best of some runs: what the machine can do when nobody else wants it. */
export function best(times, run) {
  let top = null
  for (let i = 0; i < times; i++) {
    const one = run(i)
    if (top === null || one.value > top.value) top = one
  }
  return top
}
