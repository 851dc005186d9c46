// Fleets of production membership machines in virtual time, from one seed, beside a model of memberlist.
// Times are exact and the same on every machine; only how long the run takes depends on it.
import { falseRemovals } from './weather.mjs'
import { calibration } from './calibration.mjs'
import { knowing, load, restoring } from './tables.mjs'

const parts = { calibration, know: knowing, load, restore: restoring, weather: falseRemovals }

export const membership = {
  what: 'who knows how soon, what it costs and whom it removes: fleets of 10 to 10,000 members, simulated',
  options: {
    only: `parts, by comma: ${Object.keys(parts).join(', ')}`,
    hours: 'of rough weather for each size, 6 by default; 168 are a week, and take hours',
  },
  run: ({ quick, only, hours }) => {
    const wanted = only?.split(',') ?? Object.keys(parts)
    const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
    if (unknown.length > 0) {
      console.error(`There is no part ${unknown.join(', ')}: choose from ${Object.keys(parts).join(', ')}.`)
      return 2
    }
    if (hours !== undefined && !(Number(hours) > 0)) {
      console.error(`--hours is a number above 0, not ${hours}.`)
      return 2
    }
    const missed = wanted.flatMap((name) =>
      parts[name](quick, hours === undefined ? undefined : Number(hours)),
    )
    for (const text of missed) console.log(`Not reached: ${text}`)
    return missed.length > 0 ? 1 : 0
  },
}
