// Links against plain ws, in one run, taking turns: only the ratios mean something elsewhere.
import { cleanUp, worker } from '../succession/children.mjs'
import { median, summary } from '../succession/numbers.mjs'
import { createReport } from '../succession/report.mjs'
import { contenders } from './contenders.mjs'

const names = Object.keys(contenders)
/** What may wait before the sender pauses: some of the system's buffers. */
const AHEAD_BYTES = 1_024 * 1_024

export const transport = {
  what: 'handshake, throughput and round trip of links against plain ws',
  options: {
    times: 'repetitions of each measurement, 7 (--quick: 3)',
    share: 'of the sizes, 1 (--quick: 0.2)',
  },

  async run({ quick, times, share }) {
    const report = createReport()
    const server = worker('../transport/server-process.mjs', {}, ['--expose-gc'])
    const rounds = Number(times ?? (quick ? 3 : 7))
    const part = Number(share ?? (quick ? 0.2 : 1))
    try {
      await server.ready
      const { addresses } = await server.ask({ do: 'where' })
      const run = { report, server, addresses, rounds, part }
      report.say(
        `Node ${process.version}, OpenSSL ${process.versions.openssl}; server in a process of its own`,
      )
      await handshakes(run)
      const small = await oneWay(run, 256, Math.round(100_000 * part))
      const large = await oneWay(run, 65_536, Math.round(3_000 * part))
      await roundTrips(run)
      await memory(run)
      report.title('ratios to plain ws')
      for (const [what, rates] of [
        ['256 B one way', small],
        ['64 KiB one way', large],
      ]) {
        const [ours, ...others] = names.toReversed().map((name) => median(rates[name]))
        const [unmasked, corked, ws] = others
        const against = [
          ['ws', ws],
          ['ws corked', corked],
          ['ws corked without masks', unmasked],
        ]
        report.line(what, against.map(([name, rate]) => `${(ours / rate).toFixed(2)} of ${name}`).join(', '))
        if (rates === small) {
          report.target('256 B messages, to plain ws', ours / ws, 1, 'more')
          report.target('256 B messages, to plain ws with the same corking', ours / corked, 1, 'more')
        }
      }
    } finally {
      cleanUp()
    }
    return report.missed > 0 ? 1 : 0
  },
}

/** Each contender in turn, so that a busy moment of the machine is nobody's alone. */
async function inTurn(rounds, measure) {
  const all = Object.fromEntries(names.map((name) => [name, []]))
  for (const name of names) await measure(name)
  for (let i = 0; i < rounds; i++) for (const name of names) all[name].push(await measure(name))
  return all
}

async function linked({ addresses }, name) {
  const waiting = []
  const link = await contenders[name].dial(addresses[name], (bytes) => waiting.shift()?.(bytes))
  return { link, answer: () => new Promise((resolve) => waiting.push(resolve)) }
}

async function handshakes({ report, server, addresses, rounds, part }) {
  report.title('handshake: connect, TLS, upgrade, proof')
  const each = Math.max(10, Math.round(60 * part))
  const cpu = Object.fromEntries(names.map((name) => [name, []]))
  const took = await inTurn(rounds, async (name) => {
    const before = await server.ask({ do: 'cpu' })
    const own = process.cpuUsage()
    const all = []
    for (let i = 0; i < each; i++) {
      const began = performance.now()
      const link = await contenders[name].dial(addresses[name], () => {})
      all.push(performance.now() - began)
      link.close()
    }
    const after = await server.ask({ do: 'cpu' })
    const mine = process.cpuUsage(own)
    cpu[name].push([
      (after.user + after.system - before.user - before.system) / 1_000 / each,
      (mine.user + mine.system) / 1_000 / each,
    ])
    return median(all)
  })
  for (const name of names) {
    const [listener, dialler] = [0, 1].map((side) => median(cpu[name].map((both) => both[side])))
    const note = `CPU ${listener.toFixed(2)} ms listener, ${dialler.toFixed(2)} ms dialler`
    report.row(name, summary(took[name]), 'ms', note)
  }
}

async function oneWay(run, bytes, count) {
  const { report, rounds } = run
  const inMegabytes = bytes > 10_000
  report.title(`${bytes} B one way, ${count} messages, until the last has arrived`)
  const frame = Buffer.alloc(bytes, 7)
  const rates = await inTurn(rounds, async (name) => {
    const { link, answer } = await linked(run, name)
    const began = performance.now()
    for (let i = 0; i < count; i++) {
      link.send(frame)
      // Bursts of 50, as a batch of calls or of entries is.
      if (i % 50 === 49) await new Promise(setImmediate)
      while (link.buffered > AHEAD_BYTES) await new Promise(setImmediate)
    }
    const arrived = answer()
    link.send(Buffer.alloc(0))
    await arrived
    const seconds = (performance.now() - began) / 1_000
    link.close()
    return inMegabytes ? (count * bytes) / 1_000_000 / seconds : count / 1_000 / seconds
  })
  for (const name of names) report.row(name, summary(rates[name]), inMegabytes ? 'MB/s' : 'k/s')
  return rates
}

async function roundTrips(run) {
  const { report, rounds, part } = run
  report.title('round trip of one byte')
  const each = Math.round(2_000 * part)
  const took = await inTurn(rounds, async (name) => {
    const { link, answer } = await linked(run, name)
    const all = []
    for (let i = 0; i < each; i++) {
      const began = performance.now()
      const back = answer()
      link.send(Buffer.from([1]))
      await back
      all.push((performance.now() - began) * 1_000)
    }
    link.close()
    return median(all)
  })
  for (const name of names) report.row(name, summary(took[name]), 'us')
}

/** In a process of its own for each, after as many links have come and gone. */
async function memory({ report }) {
  const count = 200
  report.title(`memory of the listening process for each open link, of ${count} idle ones`)
  for (const name of names) {
    const server = worker('../transport/server-process.mjs', {}, ['--expose-gc'])
    await server.ready
    const run = await server.ask({ do: 'where' })
    const links = []
    const open = async () => {
      for (let i = 0; i < count; i++) links.push((await linked(run, name)).link)
      return server.ask({ do: 'memory' })
    }
    for (let i = 0; i < 2; i++) {
      await open()
      for (const link of links.splice(0)) link.close()
      await new Promise((resolve) => setTimeout(resolve, 700))
    }
    const before = await server.ask({ do: 'memory' })
    const after = await open()
    const each = (what) => ((after[what] - before[what]) / 1_024 / count).toFixed(0)
    report.line(name, `${each('rss')} KiB resident, ${each('heapUsed')} KiB of it on the heap`)
    await server.end()
  }
}
