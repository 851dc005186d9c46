// One idle member of a Tanist cluster: tells whom its `members$` has, with the clock that all processes share.
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
let before = new Map()
peer.members$.subscribe((members) => {
  const at = Number(process.hrtime.bigint() / 1_000n) / 1_000
  const now = new Map(members.map(({ id, incarnation, name }) => [`${id} ${incarnation}`, name]))
  const gone = [...before].filter(([key]) => !now.has(key)).map(([, name]) => name)
  before = now
  if (gone.length > 0) process.send?.({ news: { gone, at } })
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
