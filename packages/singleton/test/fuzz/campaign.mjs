// Hostile inputs by the million. A target is `{ name, share, open(seed) }`; what it opens is
//   draw(random)       one input, and how it is shown when it is the cause of something
//   take(input)        gives it to the part; throws a `Finding` when that did what it must not
//   settle?()          after each batch: what can only be seen later; may be async
//   verify?()          at the end: whether the part goes on
//   close?()
// The campaign itself looks for: an exception that is no refusal, a rejection that nobody handled, a step of more than
// 50 ms (measured again three times alone, so that a busy machine is not blamed on an input), memory that grows.
import { performance } from 'node:perf_hooks'
import { seededRandom } from '@tanist/core/testing'

export const STALL_MS = 50
const BATCH = 1_000
/** What stays allocated after collecting, above that of the warmed-up target. */
const GROWTH_BYTES = 48 * 1024 * 1024

/** What an input did that it must not do. */
export class Finding extends Error {
  constructor(kind, text, cause) {
    super(`${kind}: ${text}`, { cause })
    this.kind = kind
  }
}

/** Runs `inputs` of one target. Gives what happened; `finding` is null when all went well. */
export async function runTarget(target, { inputs, seed, untilMs = Infinity, progress = () => {} }) {
  const random = seededRandom(`${seed}/${target.name}`)
  const tally = {
    name: target.name,
    inputs: 0,
    refused: 0,
    slowestMs: 0,
    ms: 0,
    grownBytes: 0,
    finding: null,
  }
  const watch = watchProcess()
  let opened = null
  let last = null
  try {
    opened = await target.open(`${seed}`)
    let baseline = null
    while (tally.inputs < inputs && performance.now() < untilMs) {
      const begin = performance.now()
      for (let i = Math.min(BATCH, inputs - tally.inputs); i > 0; i--) {
        last = opened.draw(random)
        await step(opened, last, tally)
      }
      last = null
      await opened.settle?.()
      tally.ms += performance.now() - begin
      await watch.check()
      if (baseline === null || tally.inputs % (BATCH * 20) === 0) {
        const used = memory()
        baseline ??= used
        tally.grownBytes = used - baseline
        if (tally.grownBytes > GROWTH_BYTES)
          throw new Finding(
            'memory',
            `${(tally.grownBytes / 2 ** 20).toFixed(0)} MiB more are held than at first`,
          )
      }
      progress(tally)
    }
    await opened.verify?.()
    await watch.check()
  } catch (error) {
    const kind = error instanceof Finding ? error : new Finding('exception', String(error), error)
    tally.finding = { error: kind, input: last === null ? null : show(last) }
  } finally {
    await opened?.close?.()
    watch.end()
  }
  return tally
}

async function step(opened, input, tally) {
  const begin = performance.now()
  const taken = opened.take(input)
  const tookMs = performance.now() - begin
  tally.inputs++
  // Of what goes over a real socket only the end is awaited; its own time is measured by the target.
  if ((taken instanceof Promise ? await taken : taken) === 'refused') tally.refused++
  if (taken instanceof Promise || tookMs <= tally.slowestMs) return
  if (tookMs > STALL_MS) {
    const again = [1, 2, 3].map(() => {
      const from = performance.now()
      const cpu = process.cpuUsage()
      opened.take(input)
      const { user, system } = process.cpuUsage(cpu)
      return Math.min(performance.now() - from, (user + system) / 1_000)
    })
    const best = Math.min(...again)
    if (best > STALL_MS) throw new Finding('stall', `${best.toFixed(0)} ms for one input`)
    tally.slowestMs = Math.max(tally.slowestMs, best)
  } else tally.slowestMs = tookMs
}

function memory() {
  globalThis.gc?.()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

/** What nobody caught. */
function watchProcess() {
  let seen = null
  const note = (error) => (seen ??= error)
  process.on('unhandledRejection', note)
  process.on('uncaughtException', note)
  return {
    async check() {
      await new Promise((resolve) => setImmediate(resolve))
      if (seen !== null) throw new Finding('uncaught', seen?.stack ?? String(seen), seen)
    },
    end() {
      process.off('unhandledRejection', note)
      process.off('uncaughtException', note)
    },
  }
}

function show({ bytes, ...more }) {
  const text = bytes === undefined ? '' : `base64 ${Buffer.from(bytes).toString('base64').slice(0, 4_000)}`
  return `${JSON.stringify(more).slice(0, 4_000)} ${text}`
}
