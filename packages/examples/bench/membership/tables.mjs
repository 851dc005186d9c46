import { Fleet } from '@tanist/core/testing'
import { median, quantile } from './memberlist.mjs'
import { heading, ms, row } from './print.mjs'

/** Members, and with how many seeds. */
const sizes = (quick, fewest) =>
  [
    [10, 100, 20],
    [16, 60, 10],
    [17, 60, 10],
    [100, 20, 4],
    [1_000, 3, 1],
    [10_000, 1, 0],
  ]
    .map(([size, full, few]) => ({ size, runs: quick ? few : full }))
    .filter(({ size, runs }) => runs > 0 && size >= fewest)

/** Long enough for every link of the large mode to be made, and for two beats on each. */
const settled = (size, seed, more = {}) => new Fleet({ seed, size, ...more }).run(size > 16 ? 8_000 : 3_000)

const spread = (list) => `${ms(median(list))} (${ms(quantile(list, 0.99))})`

/** A crash, a change of what a member says of itself, ten crashes at once, power off. */
export function knowing(quick) {
  heading('Until the others know: median (p99)', [
    'members',
    'crash: first',
    'last',
    'silence: first',
    'last',
    'about: last',
    'missed',
    'seeds',
  ])
  const missed = []
  for (const { size, runs } of sizes(quick, 0)) {
    const seen = { crash: [], silence: [], about: [] }
    for (let seed = 1; seed <= runs; seed++) {
      const fleet = settled(size, seed)
      const victim = (at) => 1 + ((seed * 7 + at) % (size - 1))
      seen.about.push(fleet.about(victim(2), { load: 0.5 }))
      fleet.run(2_000)
      seen.crash.push(fleet.crash(victim(0)))
      fleet.run(2_000)
      seen.silence.push(fleet.powerOff(victim(1)))
      fleet.run(10_000)
    }
    const [first, last] = ['firstMs', 'lastMs'].map((of) => (what) => seen[what].map((one) => one[of]))
    const missing = Object.values(seen)
      .flat()
      .reduce((sum, one) => sum + one.missing().length, 0)
    row([
      size,
      spread(first('crash')),
      spread(last('crash')),
      spread(first('silence')),
      spread(last('silence')),
      spread(last('about')),
      missing,
      runs,
    ])
    const limitMs = size <= 16 ? 3_500 : 6_000
    if (missing > 0) missed.push(`of ${size} members nobody misses a rumour`)
    if (size <= 100 && !(Math.max(...last('crash')) <= 50))
      missed.push(`of ${size} members all know of a crash in 50 ms`)
    if (size <= 100 && !(quantile(last('silence'), 0.99) <= limitMs))
      missed.push(`of ${size} members all know of a silent one in ${limitMs} ms`)
  }
  return missed
}

/** Frames and bytes that a member sends while nothing happens. */
export function load(quick) {
  heading('Idle, for each member and second', [
    'members',
    'frames sent',
    'bytes sent',
    'hub: frames',
    'hub: bytes',
    'against 17',
  ])
  const means = new Map()
  for (const { size } of sizes(quick, 0)) {
    const fleet = new Fleet({ seed: 1, size }).run(size >= 10_000 ? 8_000 : 20_000)
    const seconds = size >= 10_000 ? 2 : 10
    fleet.measure()
    fleet.run(seconds * 1_000)
    const each = [...fleet.measured().values()]
    const mean = (of) => each.reduce((sum, one) => sum + of(one), 0) / each.length / seconds
    const sent = mean(({ bytes }) => bytes)
    means.set(size, sent)
    const most = (of) => Math.round(Math.max(...each.map(of)) / seconds)
    row([
      size,
      mean(({ frames }) => frames).toFixed(1),
      Math.round(sent),
      most(({ frames }) => frames),
      most(({ bytes }) => bytes),
      size < 17 ? '-' : (sent / means.get(17)).toFixed(2),
    ])
  }
  const flat = [...means].every(([size, bytes]) => size < 17 || size > 1_000 || bytes / means.get(17) <= 1.5)
  return flat ? [] : ['bytes are flat within 1.5 x from 17 to 1,000 members']
}

/** Ten hosts without power at once; a third cut off for 20 seconds. */
export function restoring(quick) {
  heading('Ten hosts without power at once, and a third cut off for 20 s', [
    'members',
    'ten: last knows',
    'views',
    'split: removed',
    'all agree after',
    'members then',
  ])
  const missed = []
  for (const { size } of sizes(quick, 16).filter((one) => one.size <= 1_000)) {
    const ten = settled(size, 1)
    const count = size > 20 ? 10 : 5
    const seen = Array.from({ length: count }, (_, i) => ten.powerOff(6 + i))
    ten.run(12_000)
    const split = settled(size, 1)
    const heal = split.split(Array.from({ length: Math.floor(size / 3) }, (_, i) => size - 1 - i))
    split.run(20_000)
    const removed = split.removals.length
    heal()
    let afterMs = 0
    while (afterMs < 60_000 && (split.digests().length > 1 || split.view.length < size)) {
      split.run(250)
      afterMs += 250
    }
    row([
      size,
      ms(Math.max(...seen.map((one) => one.lastMs))),
      ten.viewChanges,
      removed,
      ms(afterMs),
      split.view.length,
    ])
    if (ten.viewChanges > 2)
      missed.push(`of ${size} members ten that fall silent are two changes of the view`)
    if (afterMs >= 60_000) missed.push(`${size} members agree after a split`)
  }
  return missed
}
