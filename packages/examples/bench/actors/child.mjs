// One measurement in a process of its own: a contender's row at a size, after the same row at a smaller one.
import { given, ready } from '../succession/answer.mjs'

const { contender, row, size, warm } = given
const { rows } = await import(`./${contender}.mjs`)
for (const small of warm) await rows[row](small)
globalThis.gc?.()
ready(await rows[row](size))
process.disconnect()
process.exit(0)
