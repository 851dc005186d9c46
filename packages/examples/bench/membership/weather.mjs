import { Fleet, weather } from '@tanist/core/testing'
import { heading, row } from './print.mjs'

/** Hours of rough weather, in pieces of six at most, so that each begins with another seed. */
export function falseRemovals(quick, hours = quick ? 0.1 : 6) {
  heading('1 % loss, 5 % of the members stall for 500 ms, pauses of up to 2.5 s', [
    'members',
    'hours',
    'removed',
    'events',
    'took',
  ])
  const missed = []
  for (const size of [9, 16, 30]) {
    const pieces = Math.ceil(hours / 6)
    const since = performance.now()
    let events = 0
    let removed = 0
    for (let seed = 1; seed <= pieces; seed++) {
      const fleet = new Fleet({ seed, size, loss: 0.01 }).run(8_000)
      weather(fleet, size, seed)
      fleet.run((hours / pieces) * 3_600_000)
      events += fleet.events
      removed += fleet.removals.length
      for (const one of fleet.removals) console.log(`  seed ${seed}: ${JSON.stringify(one)}`)
    }
    row([
      size,
      hours,
      removed,
      `${(events / 1e6).toFixed(1)} M`,
      `${Math.round((performance.now() - since) / 1_000)} s`,
    ])
    if (removed > 0) missed.push(`of ${size} members nobody is removed`)
  }
  return missed
}
