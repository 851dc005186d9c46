// One change of a state with many keys, by each way to write it.
import { table } from '@tanist/singleton'
import { short } from '../succession/numbers.mjs'

function microseconds(times, change) {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    // Time of the processor: what else the machine does shall not count.
    const before = process.cpuUsage()
    for (let i = 0; i < times; i++) change(i)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / times)
  }
  return best
}

export function tables({ report }) {
  for (const size of [100, 10_000, 100_000]) {
    report.title(`one change among ${size} keys`)
    const keys = Array.from({ length: size }, (_, i) => `key-${i}`)
    const key = (i) => keys[(i * 7_919) % size]
    const few = Math.max(5, Math.round(200_000 / size))
    let record = Object.fromEntries(keys.map((name) => [name, { n: 0 }]))
    let map = new Map(Object.entries(record))
    let tree = table(map)
    const value = Object.freeze({ n: 1 })
    const spread = microseconds(few, (i) => (record = { ...record, [key(i)]: value }))
    const copied = microseconds(few, (i) => (map = new Map(map).set(key(i), value)))
    const set = microseconds(50_000, (i) => (tree = tree.set(key(i), Object.freeze({ n: i }))))
    const got = microseconds(50_000, (i) => tree.get(key(i)))
    const older = tree
    tree = tree.set(key(1), { n: -1 })
    const changed = microseconds(2_000, () => tree.changes(older))
    report.line(
      'table',
      `${short(set)} µs to set, ${short(got)} µs to get, ${short(changed)} µs to find one change`,
    )
    report.line('a spread object', `${short(spread)} µs`)
    report.line('a copied Map', `${short(copied)} µs`)
    if (size === 100_000) report.target('table, one change', set, 3, 'less', 'µs')
    if (size >= 10_000) report.target('table against a spread object', spread / set, 100, 'more', 'x')
  }
}
