// Keeps some of what it makes for a while, which is what makes V8 take more room; prints the greatest young generation.
import { heapSizes, keepHeapSmall } from '../../dist/node-host/heap-room.js'

const end = process.argv[2] === 'kept' ? keepHeapSmall() : () => {}
const kept = Array(20_000).fill(null)
let n = 0
let youngBytes = 0
for (let round = 0; round < 150; round++) {
  for (let i = 0; i < 20_000; i++) kept[n++ % kept.length] = { n, text: [n, n, n, n] }
  youngBytes = Math.max(youngBytes, heapSizes().youngBytes)
  // What looks after a collection has its turn.
  await new Promise((resolve) => setImmediate(resolve))
}
end()
console.log(youngBytes)
