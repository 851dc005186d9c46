// The benchmarks: `npm run bench -- NAME [--quick]`. Each prints a table; a target that is not reached is said, and
// ends with exit code 1, so that numbers in the documentation can be checked.
// No benchmark leaves this machine, nor do the processes it starts.
process.env['TANIST_LISTEN'] ??= '127.0.0.1:0'
process.env['TANIST_DISCOVERY'] ??= 'off'

import { actors } from './actors/index.mjs'
import { discovery } from './discovery/index.mjs'
import { membership } from './membership/index.mjs'
import { membershipReal } from './membership-real/index.mjs'
import { roles } from './roles/index.mjs'
import { simulation } from './simulation.mjs'
import { transport } from './transport/index.mjs'
import { succession } from './succession/index.mjs'

const benchmarks = {
  simulation: {
    what: 'how fast the simulated worlds run',
    options: {},
    run: (options) => {
      const rows = simulation(options)
      return rows.some((row) => row.target !== null && row.value < row.target) ? 1 : 0
    },
  },
  transport,
  succession,
  membership,
  'membership-real': membershipReal,
  roles,
  actors,
  discovery,
}

const words = process.argv.slice(2)
const [name] = words.filter((word) => !word.startsWith('--'))
const benchmark = Object.hasOwn(benchmarks, name ?? '') ? benchmarks[name] : undefined
const options = {}
const wrong = []
for (const word of words.filter((one) => one.startsWith('--'))) {
  const [, key, value] = /^--([a-z]+)(?:=(.+))?$/.exec(word) ?? []
  if (key === 'quick' && value === undefined) options.quick = true
  else if (key && value !== undefined && Object.hasOwn(benchmark?.options ?? {}, key)) options[key] = value
  else wrong.push(word)
}

if (!benchmark || wrong.length > 0) {
  if (benchmark) console.error(`There is no option ${wrong.join(' ')}.`)
  else console.error(name === undefined ? 'Which benchmark?' : `There is no benchmark "${name}".`)
  for (const [known, { what, options: more }] of Object.entries(benchmarks)) {
    console.error(`  npm run bench -- ${known} [--quick]   ${what}`)
    for (const [key, text] of Object.entries(more)) console.error(`    --${key}=...   ${text}`)
  }
  process.exitCode = 2
} else process.exit(await benchmark.run({ quick: false, ...options }))
