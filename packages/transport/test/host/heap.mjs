// Keeps some of what it makes for a while, which is what makes V8 take more room; prints the greatest young generation.
// `busy`: does nothing else. `kept`: however long collections take on a busy machine.
import { heapSizes, keepHeapSmall } from '../../dist/node-host/heap-room.js'

const end = {
  free: () => () => {},
  kept: () => keepHeapSmall({ isTooMuch: () => false }),
  busy: () => keepHeapSmall(),
}[process.argv[2]]()
const pauseMs = process.argv[2] === 'busy' ? 0 : 80
const rounds = process.argv[2] === 'busy' ? Infinity : 30
const untilMs = performance.now() + 10_000
const kept = Array(20_000).fill(null)
let n = 0
let youngBytes = 0
for (let round = 0; round < rounds && youngBytes < 17 * 2 ** 20 && performance.now() < untilMs; round++) {
  for (let i = 0; i < 20_000; i++) kept[n++ % kept.length] = { n, text: [n, n, n, n] }
  youngBytes = Math.max(youngBytes, heapSizes().youngBytes)
  // What looks after a collection has its turn.
  await new Promise((resolve) => setTimeout(resolve, pauseMs))
}
end()
console.log(youngBytes)
