// A journal of simple events into the state: by the role host alone, and by a peer that starts with it.
import { dropFolder, freePorts, freshFolder, until, worker } from '../succession/children.mjs'
import { short, summary } from '../succession/numbers.mjs'
import { createRoleHost } from '../../../singleton/dist/role/index.js'
import { counter } from './definitions.mjs'
import { FILE } from './commands.mjs'

/** As the leader of a role would have journalled them, for some callers in turn. */
function journal(entries, callers, by = 1) {
  const host = createRoleHost([counter])
  host.beginReign()
  return Array.from({ length: entries }, (_, i) => {
    const seq = Math.floor(i / callers) + 1
    const session = `${String(i % callers).padStart(4, '0')}a5c1d3f7e9b2a4c6d8e0f1a3b5c7:1^12`
    const command = by === 1 ? 'add' : 'addTen'
    const request = { role: 'counter', command, session, seq, floor: Math.max(0, seq - 16) }
    const at = { index: i + 1, term: 1, branch: 'b', atMs: 1_700_000_000_000 + i }
    const caller = { level: 'member' }
    const decided = host.decide({ ...request, input: { v: { by: 1 } }, caller }, at)
    // As read from a file: in memory of its own.
    const record = { index: i + 1, term: 1, payload: new Uint8Array(decided.payload) }
    host.apply(record)
    return record
  })
}

function rate(records) {
  const host = createRoleHost([counter])
  // In time of the processor, all threads: what else the machine does shall not count.
  const before = process.cpuUsage()
  for (const record of records) host.apply(record)
  const { user, system } = process.cpuUsage(before)
  return records.length / ((user + system) / 1_000_000)
}

export async function replay({ report, quick }) {
  const entries = quick ? 200_000 : 1_000_000
  report.title(`replay of ${entries} events { by: 1 }, one a command`)
  const times = quick ? 5 : 8
  for (const callers of [1, 16]) {
    const records = journal(Math.min(entries, 300_000), callers)
    const rates = Array.from({ length: times }, () => rate(records))
    report.row(`entries to state, ${callers} caller${callers === 1 ? '' : 's'}`, summary(rates), '/s')
    // A busy neighbour on the same core makes it slower, nothing makes it faster.
    report.target('best of these', Math.max(...rates), 1_000_000, 'more', '/s')
  }
  const tens = journal(30_000, 1, 10)
  const rates = Array.from({ length: times }, () => rate(tens) * 10)
  report.row('events to state, ten of them a command', summary(rates), '/s')
  await fromDisk(report, entries)
}

async function fromDisk(report, entries) {
  const folder = freshFolder('replay')
  const [port] = await freePorts(1)
  const settings = {
    name: 'p0',
    listen: `127.0.0.1:${port}`,
    data: folder,
    expect: 1,
    snapshots: { entries: 100_000_000, bytes: 2_000_000_000 },
  }
  let peer = worker(FILE, settings)
  try {
    await peer.ready
    const status = () => peer.ask({ do: 'status' })
    await until('a server', async () => (await status()).server)
    while ((await status()).commitIndex < entries)
      await peer.ask({ do: 'load', role: 'counter', inFlight: 512, ms: 2_000, warmMs: 0 })
    await peer.ask({ do: 'stop' })
    await peer.end()
    const sinceMs = performance.now()
    peer = worker(FILE, settings)
    await peer.ready
    const openedMs = performance.now() - sinceMs
    const { ms } = await peer.ask({ do: 'replayed', n: entries - 10 })
    const wholeMs = performance.now() - sinceMs
    report.line('process and journal opened', `${short(openedMs)} ms`)
    report.line('from there to the whole state', `${short(wholeMs - openedMs)} ms`)
    report.line(
      'journal file to state, in the process',
      `${short(ms)} ms, ${short(entries / (ms / 1_000))} /s`,
    )
  } finally {
    await peer.end()
    dropFolder(folder)
  }
}
