// A quiet role beside one with thousands of calls under way.
import { pause } from '../succession/children.mjs'
import { short } from '../succession/numbers.mjs'
import { startTanist } from '../succession/tanist.mjs'
import { FILE } from './commands.mjs'

/** By each of the other two members. */
const IN_FLIGHT = 4_000
/** In a quick run, which also stands for slow machines: callers ask again after half a second. */
const FEW = 1_000

export async function neighbour({ report, quick }) {
  const inFlight = quick ? FEW : IN_FLIGHT
  report.title(`a quiet role while ${2 * inFlight} calls of another one are under way`)
  const ms = quick ? 3_000 : 10_000
  const cluster = await startTanist({ file: FILE })
  try {
    const { at } = await cluster.serving()
    const [server, ...others] = [0, 1, 2].map((i) => cluster.peers[(at + i) % 3])
    const alone = await server.ask({ do: 'load', role: 'quiet', inFlight: 1, ms: 2_000 })
    report.line('alone', `p50 ${short(alone.p50)} ms, p99 ${short(alone.p99)} ms`)
    const noise = others.map((peer) =>
      peer.ask({ do: 'load', role: 'clients', inFlight, ms: ms + 2_000, warmMs: 500 }),
    )
    await pause(1_500)
    const beside = await server.ask({ do: 'load', role: 'quiet', inFlight: 1, ms, warmMs: 0 })
    const noisy = await Promise.all(noise)
    const perSecond = noisy.reduce((sum, one) => sum + one.perSecond, 0)
    report.line('the noisy role', `${short(perSecond)} /s, p50 ${short(noisy[0].p50)} ms`)
    report.line('the quiet role beside it', `p50 ${short(beside.p50)} ms, p99 ${short(beside.p99)} ms`)
    report.target(
      "the quiet role's p50: a quarter of the noisy one's",
      beside.p50,
      noisy[0].p50 / 4,
      'less',
      'ms',
    )
  } finally {
    await cluster.stop()
  }
}
