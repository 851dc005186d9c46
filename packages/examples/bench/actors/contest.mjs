// All contenders of a row take turns, each time in a fresh process, so that noise hurts them alike.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freshFolder, worker } from '../succession/children.mjs'
import { summary } from '../succession/numbers.mjs'

/** Of warming up, and then of measuring, in each process. */
const FOR_MS = 1_500

const here = dirname(fileURLToPath(import.meta.url))

/**
 * What `row` answers at each of `times` repetitions, by contender: `{ tanist: [..], nact: [..] }`. `sizeOf` tells how
 * much each has to do; a contender that stands twice has words behind its name: for `erl`, its flags.
 */
export async function contest(
  { contenders, times, share, erlang },
  row,
  sizeOf,
  { forMs = FOR_MS, flags = [] } = {},
) {
  const answers = Object.fromEntries(contenders.map((name) => [name, []]))
  for (let n = 0; n < times; n++)
    for (let k = 0; k < contenders.length; k++) {
      const entry = contenders[(n + k) % contenders.length]
      const size = sizeOf(entry)
      const [contender, ...words] = entry.split(' ')
      const given = { contender, row, size, forMs: forMs * share }
      const answer = contender === 'erlang' ? erlang.run(given, words) : await inNode(given, flags)
      answers[entry].push(answer)
    }
  return answers
}

/** Prints a row for each contender, and gives the medians. */
export function rates(report, answers, unit = '/s') {
  const medians = {}
  for (const [contender, values] of Object.entries(answers)) {
    const all = summary(values)
    medians[contender] = all.median
    const ratio = (medians.tanist / all.median).toFixed(2)
    report.row(contender, all, unit, contender === 'tanist' ? '' : `tanist has ${ratio} x as many`)
  }
  return medians
}

async function inNode(given, flags) {
  const child = worker(new URL('./child.mjs', import.meta.url).href, given, flags)
  const answer = await child.ready
  await child.exited
  return answer
}

/** The same rows in Erlang, compiled into a folder of the run; null where `erl` is not installed. */
export function findErlang() {
  const version = 'io:format("~s", [erlang:system_info(otp_release)]), halt().'
  const asked = spawnSync('erl', ['-noshell', '-noinput', '-eval', version], { encoding: 'utf8' })
  if (asked.error !== undefined || asked.status !== 0) return null
  const folder = freshFolder('erlang')
  const compiled = spawnSync('erlc', ['-o', folder, join(here, 'actors.erl')], { encoding: 'utf8' })
  if (compiled.status !== 0) throw new Error(`erlc: ${compiled.stdout ?? ''}${compiled.stderr ?? ''}`)
  return { version: asked.stdout, run: (given, flags) => inErlang(folder, given, flags) }
}

function inErlang(folder, { row, size, forMs }, flags) {
  const { messages, actors = 0 } = size
  const run = `io:format("~w", [actors:run('${row}', ${messages}, ${actors}, ${Math.ceil(forMs)})]), halt().`
  const done = spawnSync(
    'erl',
    [...flags, '-noshell', '-noinput', '+P', '2000000', '-pa', folder, '-eval', run],
    {
      encoding: 'utf8',
    },
  )
  const value = Number(done.stdout)
  if (done.status !== 0 || done.stdout === '' || Number.isNaN(value))
    throw new Error(`erl, row ${row}: ${done.stdout}${done.stderr}`)
  return value
}
