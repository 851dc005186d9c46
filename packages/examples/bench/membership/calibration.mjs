import { kills, median, quantile } from './memberlist.mjs'
import { heading, row } from './print.mjs'

/** serf 0.9.4, LAN profile, kill -9 until the first and the last of the others log it; medians in seconds. */
const measured = new Map([
  [5, { first: 5.29, last: 5.46 }],
  [9, { first: 6.02, last: 6.09 }],
  [30, { first: 7.96, last: 8.17 }],
  [100, { first: 9.71, last: 9.97 }],
])

const both = (list) => `${median(list).toFixed(2)} (${quantile(list, 0.99).toFixed(1)})`

/** The model of memberlist beside serf as measured, and as far as it was not. */
export function calibration(quick) {
  heading('Model of memberlist (LAN), a process is killed: seconds, median (p99)', [
    'members',
    'first',
    'last',
    'serf: first',
    'last',
    'runs',
  ])
  const missed = []
  for (const [nodes, full] of [
    [5, 300],
    [9, 300],
    [30, 150],
    [100, 60],
    [1_000, 12],
  ]) {
    const runs = quick ? Math.ceil(full / 6) : full
    const { first, last } = kills(nodes, runs)
    const serf = measured.get(nodes)
    row([nodes, both(first), both(last), serf?.first ?? '-', serf?.last ?? '-', runs])
    const far = serf && Math.abs(median(first) / serf.first - 1) > 0.15
    if (far) missed.push(`the model is within 15 % of serf with ${nodes} members`)
  }
  return missed
}
