// Hostile inputs by the million: `npm run fuzz [-- --inputs N] [--seed S] [--only NAME,...] [--seconds T]`. Inputs are
// shared out over the targets; each one says how many it took, how many a second, what its slowest input cost and how
// much memory is held at the end. Ends with exit code 1 at an input that did what it must not, and shows it.
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parseArgs } from 'node:util'
import { runTarget } from './campaign.mjs'
import { targets } from './targets/index.mjs'

setFlagsFromString('--expose-gc')
globalThis.gc ??= runInNewContext('gc')

const options = {
  inputs: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string' },
  seconds: { type: 'string' },
}

const given = readOptions()
process.exitCode = given === null ? 2 : await fuzz(given)

function readOptions() {
  try {
    const { values } = parseArgs({ options })
    for (const name of ['inputs', 'seconds'])
      if (values[name] !== undefined && !(Number(values[name]) > 0))
        throw new TypeError(`--${name} is a number above 0, not ${String(values[name])}`)
    const chosen = values.only?.split(',') ?? targets.map(({ name }) => name)
    for (const name of chosen)
      if (!targets.some((target) => target.name === name))
        throw new TypeError(
          `There is no target '${name}'; there are ${targets.map((one) => one.name).join(', ')}.`,
        )
    return { ...values, chosen: targets.filter(({ name }) => chosen.includes(name)) }
  } catch (error) {
    console.error(error.message)
    return null
  }
}

async function fuzz({ inputs, seed, seconds, chosen }) {
  const shares = chosen.reduce((sum, { share }) => sum + share, 0)
  const begin = performance.now()
  const wholeMs = Number(seconds ?? Infinity) * 1_000
  let all = 0
  let used = 0
  for (const target of chosen) {
    used += target.share / shares
    const untilMs = begin + wholeMs * used
    const count = Math.ceil((Number(inputs) * target.share) / shares)
    // oxlint-disable-next-line no-await-in-loop -- one after the other, so that times and memory are its own
    const tally = await runTarget(target, { inputs: count, seed, untilMs })
    all += tally.inputs
    say(tally)
    if (tally.finding !== null) {
      report(tally, seed)
      return 1
    }
  }
  const tookS = (performance.now() - begin) / 1_000
  console.log(
    `${all} hostile inputs in ${tookS.toFixed(0)} s. Nothing broke. Others: --seed ${Number(seed) + 1}`,
  )
  return 0
}

function say({ name, inputs, refused, ms, slowestMs, grownBytes }) {
  const rate = `${((inputs / ms) * 1_000).toFixed(0)}/s`
  const grown = `${(grownBytes / 2 ** 20).toFixed(1)} MiB held`
  const share = inputs === 0 ? 0 : (refused / inputs) * 100
  console.log(
    `${name.padEnd(11)} ${String(inputs).padStart(8)} inputs ${rate.padStart(9)}  ${share.toFixed(0).padStart(3)} % refused  slowest ${slowestMs.toFixed(1)} ms  ${grown}`,
  )
}

function report({ name, inputs, finding }, seed) {
  console.error(`${name}, input ${inputs} of seed ${seed}: ${finding.error.message}`)
  if (finding.error.cause?.stack !== undefined) console.error(finding.error.cause.stack)
  if (finding.input !== null) console.error(finding.input)
}
