// Hunts one bug, or nothing: `node child.mjs JSON` with { edits, hunt: { world, family, peers, seed, count, laws } }.
// Prints one line of JSON: { number, law, text, faults, ms } or { number: null, ms }.
import { register } from 'node:module'

const { edits, hunt } = JSON.parse(process.argv[2])
if (edits.length > 0) register(new URL('loader.mjs', import.meta.url), { data: edits })
const testing = new URL('../../dist/testing/', import.meta.url)
const kindsOf = {
  any: ['crash', 'restart', 'pause', 'cut', 'split', 'power-off'],
  'slow disks': ['disk-slow', 'crash', 'power-off'],
  snapshots: ['crash', 'restart', 'split', 'power-off'],
}
/** Otherwise snapshots would be too rare in so short a time. */
const settings = {
  snapshots: {
    snapshots: {
      entries: 15,
      bytes: 2_000,
      keepEntries: 2,
      keepBytes: 300,
      catchUpBytes: 0,
      catchUpSnapshots: 0,
    },
  },
}

const startMs = performance.now()
const result = hunt.world === 'machines' ? await onMachines(hunt) : await onPeers(hunt)
console.log(JSON.stringify({ ...result, ms: Math.round(performance.now() - startMs) }))

async function onMachines({ laws, ...cases }) {
  const { huntMachines, shrinkMachineCase } = await import(new URL('machines/index.js', testing))
  const caught = huntMachines({ ...cases, ...(laws && { laws }) })
  if (caught === null) return { number: null }
  const small = shrinkMachineCase(caught, hunt.shrinkRuns)
  const { law, text } = caught.contradiction
  return { number: caught.number, law, text, faults: small.case.schedule.length }
}

async function onPeers({ family, peers, seed, count, laws }) {
  const { clusterRoles, peerNames, runSchedule } = await import(new URL('index.js', testing))
  const { drawSchedule, seededRandom } = await import('@tanist/core/testing')
  const kinds = kindsOf[family]
  const moments = ['server.appended', 'server.syncing', 'server.committed', 'server.acknowledged', 'elected']
  const shape = { nodes: peerNames(peers), roles: clusterRoles, moments, forMs: 3_000, maxFaults: 6, kinds }
  for (let number = 0; number < count; number++) {
    const random = seededRandom(`${family}/${peers}/${seed}/${number}`)
    const schedule = drawSchedule(random, shape)
    const found = brokenBy(() =>
      runSchedule({ seed: number + 1, peers, schedule, forMs: 3_500, settings: settings[family] ?? {} }),
    )
    const [first] = found.filter(({ law }) => laws === undefined || laws.includes(law))
    if (first) return { number, law: first.law, text: first.text, faults: schedule.length }
  }
  return { number: null }
}

function brokenBy(run) {
  try {
    return run().contradictions
  } catch (error) {
    return [{ law: 'throws', text: String(error) }]
  }
}
