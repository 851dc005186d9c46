// Hunts one bug, or nothing: `node child.mjs JSON` with { edits, peers, seed, count, laws }.
// Prints one line of JSON: { number, law, text, ms }; `number` is null when nothing was found.
import { register } from 'node:module'

const { edits, peers, seed, count, laws } = JSON.parse(process.argv[2])
if (edits.length > 0) register(new URL('../planted/loader.mjs', import.meta.url), { data: edits })
const startMs = performance.now()
const found = await hunt()
console.log(JSON.stringify({ ...found, ms: Math.round(performance.now() - startMs) }))
process.exit(0)

async function hunt() {
  const { runOffice, shape } = await import('./office.mjs')
  const { clusterRoles, peerNames } = await import('../../dist/testing/index.js')
  const { drawSchedule, seededRandom } = await import('@tanist/core/testing')
  const drawn = { ...shape, nodes: peerNames(peers), roles: clusterRoles }
  for (let number = 0; number < count; number++) {
    const schedule = drawSchedule(seededRandom(`reactions/${peers}/${seed}/${number}`), drawn)
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const wrong = await wrongOf(() => runOffice({ seed: number + 1, peers, schedule }))
    const one = wrong.find((text) => laws === undefined || laws.includes(text.split(':')[0]))
    if (one !== undefined) return { number, law: one.split(':')[0], text: one }
  }
  return { number: null }
}

async function wrongOf(run) {
  try {
    return (await run()).wrong
  } catch (error) {
    return [`throws: ${error}`]
  }
}
