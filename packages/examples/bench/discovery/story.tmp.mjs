import { pause, until, cleanUp } from '../succession/children.mjs'
import { world, labOf } from './world.mjs'
const lab = process.argv[2] === 'lab' ? await labOf(9, console) : null
const here = world(lab)
const peers = []
const t0 = performance.timeOrigin + performance.now()
const starts = Array.from({ length: 9 }, () => Math.round(Math.random() * 5000)).toSorted((a, b) => a - b)
const b = performance.now()
for (const [i, at] of starts.entries()) {
  await pause(Math.max(0, b + at - performance.now()))
  peers.push(here.start(i + 1))
}
const last = performance.now()
await until('x', async () => {
  const all = await Promise.all(peers.map((p) => p.ask({ do: 'status' })))
  return all.every((s) => s?.members === 9)
}).catch(() => console.log('NOT'))
console.log('took', performance.now() - last, starts.join())
const st = await Promise.all(peers.map((p) => p.ask({ do: 'story' })))
st.flatMap((s, i) => s.map((l) => ({ ...l, i })))
  .sort((a, b) => a.atMs - b.atMs)
  .forEach((l) => console.log((l.atMs - t0).toFixed(0), 'p' + (l.i + 1), l.event, l.text.slice(0, 150)))
console.log(JSON.stringify((await peers[8].ask({ do: 'status' })).discovery))
cleanUp()
process.exit(0)
