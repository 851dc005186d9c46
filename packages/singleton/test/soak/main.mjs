// The long run: `npm run soak -- [--schedules N] [--minutes M] [--peers 3,5,7,9] [--seed S] [--workers W]`. Draws
// schedules for the succession machines on all cores until N have run (default: for ever) or M minutes are over, says
// how it goes, and ends at the first one that breaks a law: with the schedule made small, the file that repeats it,
// and exit code 1. `--replay FILE` runs such a file alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describe, parseSchedule } from '@tanist/core/testing'
import { runMachineCampaign } from './campaign.mjs'

const options = {
  schedules: { type: 'string' },
  minutes: { type: 'string' },
  peers: { type: 'string', default: '3,5,7,9' },
  seed: { type: 'string', default: '1' },
  workers: { type: 'string', default: `${availableParallelism()}` },
  replay: { type: 'string' },
}

const given = readOptions()
process.exitCode = given === null ? 2 : given.replay ? await replay(given.replay) : await soak(given)

function readOptions() {
  try {
    const { values } = parseArgs({ options })
    for (const name of ['schedules', 'minutes', 'seed', 'workers']) {
      if (values[name] !== undefined && !(Number(values[name]) > 0))
        throw new TypeError(`--${name} is a number above 0, not ${String(values[name])}`)
    }
    for (const size of values.peers.split(','))
      if (!(Number(size) >= 2 && Number(size) <= 9)) throw new TypeError(`--peers are 2 to 9, not ${size}`)
    return values
  } catch (error) {
    console.error(error.message)
    return null
  }
}

async function soak({ schedules, minutes, peers, seed, workers }) {
  const sizes = peers.split(',').map(Number)
  const each = schedules === undefined ? Infinity : Math.ceil(Number(schedules) / sizes.length)
  let saidMs = performance.now()
  const { tallies, caught, seconds } = await runMachineCampaign({
    peers: sizes.map((size) => ({ peers: size, schedules: each })),
    seed: Number(seed),
    workers: Math.round(Number(workers)),
    untilMs: minutes === undefined ? Infinity : performance.now() + Number(minutes) * 60_000,
    progress: (now, sinceSeconds) => {
      if (performance.now() - saidMs < 10_000) return
      saidMs = performance.now()
      say(now, sinceSeconds)
    },
  })
  say(tallies, seconds)
  if (caught === null) {
    console.log(`No law is broken. Other schedules: --seed ${Number(seed) + 1}`)
    return 0
  }
  report(caught)
  return 1
}

function say(tallies, seconds) {
  let all = 0
  const lines = []
  for (const [size, { schedules, faults, reigns, acknowledged, virtualMs }] of tallies) {
    all += schedules
    const hours = (virtualMs / 3_600_000).toFixed(1)
    lines.push(
      `  ${size} peers: ${schedules} schedules, ${hours} virtual hours, ${faults} faults, ${reigns} reigns, ${acknowledged} acknowledged`,
    )
  }
  console.log(`${seconds.toFixed(0)} s: ${all} schedules, ${(all / seconds).toFixed(0)} a second`)
  console.log(lines.toSorted().join('\n'))
}

function report({ case: one, contradiction, family, number }) {
  const file = join(tmpdir(), `tanist-machines-${one.peers}-${one.seed}.json`)
  const why = `${contradiction.law}: ${contradiction.text}`
  writeFileSync(file, `${JSON.stringify({ why, ...one }, null, 2)}\n`)
  console.error(`${one.peers} peers, family "${family}", number ${number}, seed ${one.seed}, made smaller:`)
  for (const line of describe(one.schedule)) console.error(`  ${line}`)
  if (one.setting) console.error(`  with ${JSON.stringify(one.setting)}`)
  console.error(`broken: ${why}`)
  console.error(`Again: npm run soak -- --replay ${file}`)
  console.error(
    'To keep it, move it to packages/singleton/test/machines/regressions/ and give it a telling name.',
  )
}

async function replay(path) {
  const machines = new URL('../../dist/testing/machines/index.js', import.meta.url)
  const { runMachineCase } = await import(machines)
  const one = JSON.parse(readFileSync(path, 'utf8'))
  const { contradictions } = runMachineCase({ ...one, schedule: parseSchedule(one.schedule) })
  for (const { law, text } of contradictions) console.error(`broken: ${law}: ${text}`)
  if (contradictions.length === 0) console.log('No law is broken.')
  return contradictions.length === 0 ? 0 : 1
}
