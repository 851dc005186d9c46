// A Node that does nothing: what every program in it pays anyway.
import { ready } from '../succession/answer.mjs'

setInterval(() => {}, 1_000)
process.on('disconnect', () => process.exit(0))
ready()
