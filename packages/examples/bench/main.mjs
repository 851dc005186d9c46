// The benchmarks: `npm run bench -- NAME [--quick]`. Each prints a table; a target that is not reached is said, and
// ends with exit code 1, so that numbers in the documentation can be checked.
import { simulation } from './simulation.mjs'

const benchmarks = {
  simulation: { what: 'how fast the simulated worlds run', run: simulation },
}

const given = process.argv.slice(2)
const [name] = given.filter((word) => !word.startsWith('--'))
const wrong = given.filter((word) => word.startsWith('--') && word !== '--quick')
const benchmark = Object.hasOwn(benchmarks, name ?? '') ? benchmarks[name] : undefined

if (!benchmark || wrong.length > 0) {
  if (wrong.length > 0) console.error(`There is no option ${wrong.join(' ')}; there is --quick.`)
  else console.error(name === undefined ? 'Which benchmark?' : `There is no benchmark "${name}".`)
  for (const [known, { what }] of Object.entries(benchmarks))
    console.error(`  npm run bench -- ${known}   ${what}`)
  process.exitCode = 2
} else {
  const rows = benchmark.run({ quick: given.includes('--quick') })
  process.exitCode = rows.some((row) => row.target !== null && row.value < row.target) ? 1 : 0
}
