import { actor, reply } from '@tanist/core'
import { actorTest } from '@tanist/core/testing'

// Actors that do everything that could differ between two runs. Also run as a process of its own, by Node.

const sleep = (t, ms) => new Promise((resolve) => void t.host.timers.set(ms, resolve))

const worker = (t, boss) =>
  actor({
    state: (ctx) => (ctx.timers.every('beat', 7, 'beat'), ctx.receiveTimeout(40, 'idle'), { done: 0, ctx }),
    on: {
      work: async (s, m) => {
        await sleep(t, t.host.random.next() * 5)
        if (t.host.random.next() < 0.1) throw new Error('dropped it')
        return reply({ ...s, done: s.done + m.n }, s.done + m.n)
      },
      ask: async (s, m) =>
        reply(s, m.left === 0 ? 0 : 1 + (await m.next.askWithin(20).ask({ ...m, left: m.left - 1 }))),
    },
    internal: {
      beat: (s) => {
        boss.tell.heard({ done: s.done })
        return s
      },
      idle: (s, _m, ctx) => (ctx.log.write('info', 'idle', `${ctx.self.path} at ${ctx.at}`), s),
    },
    restarts: { max: 5, windowMs: 500, backoff: { minMs: 1, maxMs: 20, jitter: 0.5 } },
    mailbox: { capacity: 20, overflow: 'drop-oldest' },
  })

const boss = (t, size) =>
  actor({
    state: () => ({ heard: 0, sent: 0, ended: 0 }),
    on: {
      begin: (s, _m, ctx) => {
        const me = ctx.me()
        const workers = Array.from({ length: size }, (_, n) => ctx.spawn(worker(t, me), `worker-${n}`))
        for (const one of workers) ctx.watch(one, 'ended')
        ctx.timers.every('give', 3, 'give', workers)
        return s
      },
      heard: (s) => ({ ...s, heard: s.heard + 1 }),
      counts: (s) => reply(s, s),
    },
    internal: {
      give: (s, workers, ctx) => {
        const pick = () => workers[Math.floor(t.host.random.next() * workers.length)]
        for (let n = 0; n < 5; n++) pick().tell.work({ n })
        ctx.pipe(pick().askWithin(15).ask({ left: 3, next: pick() }), { done: 'done', failed: 'done' })
        return { ...s, sent: s.sent + 1 }
      },
      done: (s) => s,
      ended: (s, m, ctx) => {
        ctx.log.write('info', 'ended', `${m.ref.path}: ${m.why}`)
        return { ...s, ended: s.ended + 1 }
      },
    },
    supervision: {
      strategy: 'one-for-one',
      decide: (error) => (/dropped/.test(error.message) ? 'restart' : 'resume'),
    },
  })

/** Runs the office for a second of virtual time. */
export async function work(t, size = 30) {
  const ref = t.system.spawn(boss(t, size), 'boss')
  ref.tell.begin()
  await t.advance(1_000)
  const counts = await t.outcome(ref.ask.counts())
  await t.shutdown()
  return { digest: t.digest, failures: t.failures.length, letters: t.deadLetters.length, ...counts }
}

if (process.argv[2] === 'run') {
  const result = await work(actorTest({ seed: Number(process.argv[3]) }))
  process.stdout.write(JSON.stringify(result))
}
