// False take-overs: four processes want all processors, nobody dies, and yet a voter may find its leader silent.
import { joinAsCaller } from './caller.mjs'
import { pause, worker } from './children.mjs'
import { startTanist } from './tanist.mjs'

const HOGS = 4

async function withHogs(run) {
  const spinning = Array.from({ length: HOGS }, () => worker('./hog.mjs', {}))
  try {
    await Promise.all(spinning.map((hog) => hog.ready))
    return await run()
  } finally {
    await Promise.all(spinning.map((hog) => hog.end()))
  }
}

/** A write every 10 ms. Every new term is a take-over that nothing was the reason for. */
async function takeovers(timing, forMs) {
  const cluster = await startTanist({ settings: timing === null ? {} : { timing } })
  const caller = await joinAsCaller(cluster)
  try {
    const before = caller.peer.status().term
    let longestMs = 0
    await withHogs(async () => {
      const until = performance.now() + forMs
      while (performance.now() < until) {
        const since = performance.now()
        await caller.put()
        longestMs = Math.max(longestMs, performance.now() - since)
        await pause(10)
      }
    })
    return { count: caller.peer.status().term - before, longestMs }
  } finally {
    await caller.stop()
    await cluster.stop()
  }
}

export async function hogs({ report, forMs }) {
  const minutes = (forMs / 60_000).toFixed(1)
  report.title(`false take-overs, ${HOGS} processes that want all processors, ${minutes} minutes`)
  const { count, longestMs } = await takeovers(null, forMs)
  report.line('tanist, default timing', `${count}; the longest write took ${longestMs.toFixed(0)} ms`)
  report.target('none', count, 0, 'less')
}

/** Below 30 ms nothing is left for a lease: its margin is 20 ms. */
const LIMITS = [30, 50, 75, 100, 150, 300]

/** A limit that stays as it is shows what the limit that follows the beats (the default) is for. */
export async function curve({ report, forMs }) {
  report.title(`silence limit against false take-overs, ${HOGS} hogs, ${(forMs / 1_000).toFixed(0)} s each`)
  for (const limitMs of LIMITS) {
    await point(report, limitMs, { silenceMaxMs: limitMs }, forMs)
    if (limitMs <= 100) await point(report, limitMs, {}, forMs)
  }
}

async function point(report, silenceMinMs, fixed, forMs) {
  const beatMs = Math.min(50, Math.round(silenceMinMs / 3))
  const name = `${fixed.silenceMaxMs ? 'always' : 'at least'} ${silenceMinMs} ms, a beat every ${beatMs} ms`
  const seen = await takeovers({ silenceMinMs, beatMs, ...fixed }, forMs).catch((error) => String(error))
  // Where a limit is too tight for this machine, no reign lasts: that is a point of the curve as well.
  if (typeof seen === 'string') return report.line(name, `nobody serves for long: ${seen}`)
  const { count, longestMs } = seen
  const perMinute = ((count / forMs) * 60_000).toFixed(1)
  report.line(name, `${count} (${perMinute} a minute); the longest write took ${longestMs.toFixed(0)} ms`)
}
