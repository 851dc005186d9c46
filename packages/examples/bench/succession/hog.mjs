// Wants a whole processor until it is ended.
process.on('disconnect', () => process.exit(0))
process.send?.({ id: 0, answer: {} })
let sum = 0
const spin = () => {
  const until = performance.now() + 50
  while (performance.now() < until) sum += Math.sqrt(sum + 1)
  setImmediate(spin)
}
spin()
