// One process of a campaign: takes portions from its parent, one at a time, and answers with what came of them.
const machines = new URL('../../dist/testing/machines/index.js', import.meta.url)
const { runPortion, shrinkMachineCase } = await import(machines)

process.on('message', (portion) => {
  const { tally, caught } = runPortion(portion)
  const small = caught && { ...shrinkMachineCase(caught, 120), family: caught.family }
  process.send({ portion, tally, caught: small })
})
process.on('disconnect', () => process.exit(0))
process.send({ ready: true })
