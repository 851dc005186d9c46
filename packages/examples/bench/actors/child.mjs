// One measurement in a process of its own: the median of some rounds, after smaller ones to warm up. Without rounds
// there is one, and its answer is handed on as it is.
import { given, ready } from '../succession/answer.mjs'
import { median } from '../succession/numbers.mjs'

const { contender, row, size, warm, rounds } = given
const { rows } = await import(`./${contender}.mjs`)
for (const small of warm) await rows[row](small)
const answers = []
for (let n = 0; n < rounds; n++) answers.push(await rows[row](size))
ready(rounds === 1 ? answers[0] : median(answers))
process.disconnect()
process.exit(0)
