import { short, spread } from './numbers.mjs'

/** Prints as the run goes; `missed` tells how many targets were not reached. */
export function createReport() {
  let missed = 0
  return {
    get missed() {
      return missed
    },
    title(text) {
      console.log(`\n${text}`)
    },
    say(text) {
      console.log(`  ${text}`)
    },
    row(name, summary, unit, note = '') {
      console.log(`  ${name.padEnd(46)}${spread(summary, unit)}${note === '' ? '' : `  ${note}`}`)
    },
    line(name, text) {
      console.log(`  ${name.padEnd(46)}${text}`)
    },
    /** `better`: whether more or less is wanted. A value that could not be measured is no verdict. */
    target(text, value, limit, better, unit = '') {
      if (!Number.isFinite(value) || !Number.isFinite(limit)) return
      const reached = better === 'less' ? value <= limit : value >= limit
      if (!reached) missed += 1
      const factor = better === 'less' ? value / limit : limit / value
      const how = reached ? 'reached' : `NOT reached, by a factor of ${short(factor)}`
      const wanted = `${better === 'less' ? 'at most' : 'at least'} ${short(limit)} ${unit}`.trimEnd()
      console.log(`  target: ${text}: ${wanted}; measured ${short(value)} ${unit}`.trimEnd() + `: ${how}`)
    },
  }
}
