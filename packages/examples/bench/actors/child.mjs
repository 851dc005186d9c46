// One measurement in a process of its own: the median of the rounds of some time, after as long a time to warm up. The
// time is the same for all contenders, so that one that is slow is not colder. Without it there is one round, and its
// answer is handed on as it is.
import { given, ready } from '../succession/answer.mjs'
import { median } from '../succession/numbers.mjs'

const { contender, row, size, forMs } = given
const { rows, clear } = await import(`./${contender}.mjs`)

async function rounds() {
  const answers = []
  const endsMs = performance.now() + forMs
  do {
    answers.push(await rows[row](size))
    await clear()
  } while (answers.length < 3 || performance.now() < endsMs)
  return answers
}

if (forMs === 0) ready(await rows[row](size))
else {
  await rounds()
  ready(median(await rounds()))
}
process.disconnect()
process.exit(0)
