// One idle member of a Tanist cluster: tells whom its `members$` loses, with the clock that all processes share.
import { startPeer } from '@tanist/singleton'
import { given, onRequest, ready } from '../succession/answer.mjs'
import { bare, VALUE } from '../succession/bare-role.mjs'
import { load } from '../succession/load.mjs'

const faults = []
const log = {
  write: (level, event, text) => {
    if (level === 'error' || level === 'warn') faults.push(`${event}: ${text}`)
  },
}
const peer = await startPeer({ app: 'bench', log, roles: [bare], ...given })
const rows = (members) => new Map(members.map((row) => [`${row.id} ${row.incarnation}`, row.name]))
let before = { alive: new Map(), all: new Map() }
peer.members$.subscribe((members) => {
  const at = Number(process.hrtime.bigint() / 1_000n) / 1_000
  // Its end is known; and, a moment later, the journal has removed it.
  const now = { alive: rows(members.filter(({ state }) => state !== 'gone')), all: rows(members) }
  const missing = (of) => [...before[of]].filter(([key]) => !now[of].has(key)).map(([, name]) => name)
  const [failed, removed] = [missing('alive'), missing('all')]
  before = now
  if (failed.length + removed.length > 0) process.send?.({ news: { failed, removed, at } })
})

onRequest(async (request) => {
  switch (request.do) {
    case 'status':
      return peer.status()
    case 'faults':
      return faults
    case 'put':
      return (await peer.role(bare).put({ value: VALUE })).status === 'ok'
    case 'load':
      return load(async () => (await peer.role(bare).put({ value: VALUE })).status === 'ok', request)
    case 'usage':
      return { cpu: process.cpuUsage(), memory: process.memoryUsage() }
    default:
      return null
  }
})
ready({ id: peer.id, address: peer.address, name: given.name })
